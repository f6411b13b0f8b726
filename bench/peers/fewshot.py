"""Training by episodes in plain torch, tuned as its users would: channels-last conv4-64 prototypical networks, and
second-order MAML with functional parameters (and first-order); episodes on features that are there. One line each: name,
steps or episodes a second of processor time. usage: fewshot.py [SECONDS]"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
images = torch.randn(2000, 1, 28, 28)


def episode(ways, shots, queries):
    rows = [c * 20 + torch.randperm(20)[:shots + queries] for c in torch.randperm(100)[:ways]]
    return torch.cat([r[:shots] for r in rows] + [r[shots:] for r in rows])


def measure(name, step):
    for _ in range(3):
        step()
    count, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        step()
        count += 1
    print(f"{name} {count / (time.process_time() - start):.4f} /s")


def block(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True), nn.MaxPool2d(2))


net = nn.Sequential(block(1, 64), block(64, 64), block(64, 64), block(64, 64), nn.Flatten()).to(memory_format=torch.channels_last)
adam = torch.optim.Adam(net.parameters(), 1e-3)


def prototypical():
    x = images[episode(20, 1, 5)].contiguous(memory_format=torch.channels_last)
    z = net(x)
    c, q = z[:20], z[20:]
    logits = 2 * q @ c.t() - (q * q).sum(1, keepdim=True) - (c * c).sum(1)
    loss = F.cross_entropy(logits, torch.arange(20).repeat_interleave(5))
    adam.zero_grad()
    loss.backward()
    adam.step()


theta = []
for i in range(4):
    theta += [nn.init.kaiming_uniform_(torch.empty(32, 1 if i == 0 else 32, 3, 3), 5 ** 0.5), torch.ones(32), torch.zeros(32)]
theta += [nn.init.kaiming_uniform_(torch.empty(5, 128), 5 ** 0.5), torch.zeros(5)]
theta = [nn.Parameter(t) for t in theta]
outer = torch.optim.Adam(theta, 1e-3)


def forward(x, p):
    for i in range(4):
        x = F.relu(F.batch_norm(F.conv2d(x, p[3 * i], stride=2, padding=1), None, None, p[3 * i + 1], p[3 * i + 2], True))
    return F.linear(x.flatten(1), p[12], p[13])


def maml(second):
    outer.zero_grad()
    for _ in range(8):
        x = images[episode(5, 1, 5)]
        support = F.cross_entropy(forward(x[:5], theta), torch.arange(5))
        grads = torch.autograd.grad(support, theta, create_graph=second)
        phi = [p - 0.4 * g for p, g in zip(theta, grads)]
        (F.cross_entropy(forward(x[5:], phi), torch.arange(5).repeat_interleave(5)) / 8).backward()
    outer.step()


features = torch.randn(8460, 64)


def evaluate(ways, shots, queries=15):
    """1,000 episodes on features that are there: the usual loop, an episode at a time, few tensor operations in each."""
    right = []
    with torch.no_grad():
        for _ in range(1000):
            rows = torch.randperm(423)[:ways, None] * 20 + torch.rand(ways, 20).argsort(1)[:, :shots + queries]
            x = features[rows]
            centres, q = x[:, :shots].mean(1), x[:, shots:].reshape(-1, 64)
            chosen = (2 * q @ centres.t() - (centres * centres).sum(1)).argmax(1)
            right.append((chosen.view(ways, queries) == torch.arange(ways)[:, None]).float().mean().item())
    return right


def measure_evaluation(ways, shots):
    evaluate(ways, shots)
    count, start = 0, time.process_time()
    while count == 0 or time.process_time() - start < seconds:
        evaluate(ways, shots)
        count += 1000
    print(f"fewshot/evaluate/{ways}/{shots} {count / (time.process_time() - start):.4f} /s")


measure("fewshot/prototypical", prototypical)
measure("fewshot/maml", lambda: maml(True))
measure("fewshot/fomaml", lambda: maml(False))
for kind in ((5, 1), (5, 5), (20, 1)):
    measure_evaluation(*kind)
