"""lightly's SimCLR on a folder of CIFAR-10 files as its users run it on a processor: views a second,
sustained. usage: step.py FOLDER WIDTH BATCH STEPS THREADS WORKERS"""
import sys
import time

import torch
from lightly.data import LightlyDataset
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms import SimCLRTransform
from torch import nn


class Block(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        self.down = (nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))
                     if stride != 1 or a != b else nn.Identity())
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.down(x))


def resnet18(width):  # with the stem for 32 x 32 pixels
    layers = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    planes = width
    for i, stride in enumerate((1, 2, 2, 2)):
        out = width << i
        layers += [Block(planes, out, stride), Block(out, out, 1)]
        planes = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def main():
    folder = sys.argv[1]
    width, batch, steps, threads, workers = map(int, sys.argv[2:7])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    transform = SimCLRTransform(input_size=32, cj_strength=0.5, gaussian_blur=0.0)
    loader = torch.utils.data.DataLoader(LightlyDataset(folder, transform=transform), batch_size=batch,
                                         shuffle=True, drop_last=True, num_workers=workers)
    net, head = resnet18(width), SimCLRProjectionHead(8 * width, 512, 128)
    net = net.to(memory_format=torch.channels_last)
    criterion = NTXentLoss(0.5)
    optimizer = torch.optim.SGD([*net.parameters(), *head.parameters()], 0.06, momentum=0.9, weight_decay=5e-4)
    done, start = 0, 0.0
    for (x0, x1), _, _ in loader:
        z0 = head(net(x0.contiguous(memory_format=torch.channels_last)))
        z1 = head(net(x1.contiguous(memory_format=torch.channels_last)))
        optimizer.zero_grad()
        criterion(z0, z1).backward()
        optimizer.step()
        done += 1
        if done == 5:  # what was made ahead is used up
            start = time.perf_counter()
        if done == 5 + steps:
            break
    print(f"step/resnet18_w{width} {2 * batch * steps / (time.perf_counter() - start):.0f} /s")


if __name__ == "__main__":
    main()
