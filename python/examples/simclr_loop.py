"""SimCLR in an ordinary PyTorch loop, with the views and the loss of Likewise, beside torchvision and autograd.

    python simclr_loop.py [DATA] [SECONDS] [THREADS]

DATA is anything that Likewise opens: a folder, tar shards, CIFAR, IDX, npy (else: built-in letters). The
cells (# %%) run one by one in an editor that knows them. Prints views and steps a second of both ways.
No result has been recorded yet.
"""
# %% What is needed
import os
import random
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

import likewise

DATA = sys.argv[1] if len(sys.argv) > 1 else "glyphs"
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 20
THREADS = int(sys.argv[3]) if len(sys.argv) > 3 else torch.get_num_threads()
torch.set_num_threads(THREADS)
BATCH, TEMPERATURE = 256, 0.2
torch.manual_seed(0)
random.seed(0)

# %% The data, and views that suit them
data = likewise.open_dataset(DATA)
views = likewise.Views(data, recipe="simclr", size=32, channels=3)
loader = likewise.Loader(data, views, batch=BATCH)
print(data, views, sep="\n")


# %% A network and a step, as anybody would write them
def make_network() -> nn.Module:
    torch.manual_seed(1)
    layers: list[nn.Module] = []
    for a, b in ((3, 32), (32, 64), (64, 128), (128, 128)):
        layers += [nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 128))


def autograd_nt_xent(z0: torch.Tensor, z1: torch.Tensor, temperature: float) -> torch.Tensor:
    z = F.normalize(torch.cat([z0, z1]))
    s = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    n = len(z0)
    return F.cross_entropy(s, (torch.arange(2 * n) + n) % (2 * n))


def train(batches, loss_of, seconds: float):
    """Runs for so long; returns steps a second and the losses."""
    network = make_network().train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9, weight_decay=5e-4)
    losses, start = [], 0.0
    for x0, x1 in batches:
        x = torch.cat([x0, x1]).contiguous(memory_format=torch.channels_last)
        z0, z1 = network(x).chunk(2)
        loss = loss_of(z0, z1, temperature=TEMPERATURE)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        if len(losses) == 2:  # the first steps are for warming up
            start = time.perf_counter()
        if len(losses) > 4 and time.perf_counter() - start > seconds:
            break
    return (len(losses) - 2) / (time.perf_counter() - start), losses


# %% With Likewise
def forever(loader: likewise.Loader):
    while True:
        for (x0, x1), _, _ in loader:
            yield x0, x1


ours, losses = train(forever(loader), likewise.nt_xent, SECONDS)
print(f"likewise: {ours:.2f} steps, {2 * BATCH * ours:,.0f} views a second; loss {losses[0]:.3f} -> {losses[-1]:.3f} "
      f"in {len(losses)} steps")

# %% With torchvision's transforms on Pillow images and the loss by autograd
try:
    import torchvision.transforms as T
except ImportError:
    sys.exit("torchvision is not installed: nothing to compare with")

transform = T.Compose([
    T.ToPILImage(), T.Grayscale(3) if data[0][0].shape[0] == 1 else T.Lambda(lambda image: image),
    T.RandomResizedCrop(32, (0.08, 1.0)), T.RandomHorizontalFlip(),
    T.RandomApply([T.ColorJitter(0.8, 0.8, 0.8, 0.2)], 0.8), T.RandomGrayscale(0.2),
    T.RandomApply([T.GaussianBlur(3, (0.1, 2.0))], 0.5), T.ToTensor(),
    T.Normalize(views.stats["mean"], views.stats["std"])])


class TwoViews(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return len(data)

    def __getitem__(self, i: int):
        image, _ = data[i]
        return transform(image), transform(image)


workers = 0 if THREADS == 1 else len(os.sched_getaffinity(0))
theirs, losses = train((batch for _ in range(10**6) for batch in torch.utils.data.DataLoader(
    TwoViews(), batch_size=BATCH, shuffle=True, drop_last=True, num_workers=workers)), autograd_nt_xent, SECONDS)
print(f"torchvision and autograd: {theirs:.2f} steps, {2 * BATCH * theirs:,.0f} views a second; "
      f"loss {losses[0]:.3f} -> {losses[-1]:.3f} in {len(losses)} steps")
print(f"ratio {ours / theirs:.2f}")

# %% Views alone
images = [data[i][0] for i in range(min(512, len(data)))]


def rate(work, count: int, seconds: float = 2.0) -> float:
    work()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        work()
        done += count
    return done / (time.perf_counter() - start)


one = likewise.Views(stats=views.stats, recipe="simclr", size=32, threads=1)
fast = rate(lambda: one(images), 2 * len(images))
slow = rate(lambda: [transform(image) for image in images[:64]], 64)
print(f"views of one thread: {fast:,.0f} a second, torchvision {slow:,.0f}, ratio {fast / slow:.1f}")

# %% What the features are worth, after a little training with an encoder of Likewise
encoder = likewise.make_encoder("small", image_size=32, channels=3)
head = nn.Sequential(nn.Linear(encoder.feature_dim, 128), nn.ReLU(), nn.Linear(128, 64))
optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], 1e-3)
loader.seek(0)
start = time.perf_counter()
for x0, x1 in forever(loader):
    loss = likewise.nt_xent(head(encoder(x0)), head(encoder(x1)), temperature=TEMPERATURE)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    if time.perf_counter() - start > SECONDS:
        break
encoder.eval()
if len(data.class_names) > 1:
    rows = torch.randperm(len(data))[:4000]
    part = likewise.Loader(data.subset(rows), views, batch=250, shuffle=False, evaluate=True)
    with torch.no_grad():
        features = [(encoder(batch.views[0]), batch.labels) for batch in part]
    x, y = torch.cat([f for f, _ in features]), torch.cat([y for _, y in features])
    half = len(x) // 2
    print(f"kNN on features: {100 * likewise.eval.knn_accuracy(x[:half], y[:half], x[half:], y[half:], k=20):.1f} %, "
          f"effective rank {likewise.eval.effective_rank(x):.1f}")
