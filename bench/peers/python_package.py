"""The Python package beside torchvision and autograd, in turn in one run: python_package.py [ROUNDS]

One thread. Views of 32 pixels a second (torchvision's transforms on Pillow images, as their users write
them), NT-Xent with gradient a second, and how much memory that of a batch of 16,384 takes.
"""
import random
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import likewise

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
torch.set_num_threads(1)
torch.manual_seed(0)
random.seed(0)


def rate(work, count, seconds=1.5):
    work()
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        work()
        done += count
    return done / (time.perf_counter() - start)


def compare(name, ours, theirs):
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    a, b = (statistics.median(x) for x in zip(*pairs))
    ratios = sorted(x / y for x, y in pairs)
    print(f"{name}: {a:,.4g} a second, peer {b:,.4g}, ratio {a / b:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def natural_images(count):
    rng = np.random.default_rng(0)
    i, j = np.mgrid[0:32, 0:32]
    images = [np.stack([128 + 90 * np.sin(rng.uniform(.02, .3) * i + rng.uniform(.02, .3) * j + rng.uniform(0, 6))
                        + rng.uniform(-20, 20, (32, 32)) for _ in range(3)], -1) for _ in range(count)]
    return np.stack(images).clip(0, 255).astype(np.uint8)


def views():
    import torchvision.transforms as T
    from PIL import Image

    array = natural_images(256)
    pillow = [Image.fromarray(x) for x in array]
    for recipe, jitter, blur in (("simclr", 1.0, 0.5), ("cifar", 0.5, 0.0)):
        ours = likewise.Views(recipe=recipe, size=32, mean=0.45, std=0.25, threads=1)
        steps = [T.RandomResizedCrop(32, (.08, 1.)), T.RandomHorizontalFlip(),
                 T.RandomApply([T.ColorJitter(.8 * jitter, .8 * jitter, .8 * jitter, .2 * jitter)], .8),
                 T.RandomGrayscale(.2)]
        if blur:
            steps.append(T.RandomApply([T.GaussianBlur(3, (.1, 2.))], blur))
        theirs = T.Compose(steps + [T.ToTensor(), T.Normalize([.45] * 3, [.25] * 3)])
        compare(f"views, 32 px, {recipe}", lambda: rate(lambda: ours(array), 2 * len(array)),
                lambda: rate(lambda: [theirs(x) for x in pillow], len(pillow)))
        compare(f"views, 32 px, {recipe}, from a list of Pillow images",
                lambda: rate(lambda: ours(pillow), 2 * len(array)),
                lambda: rate(lambda: [theirs(x) for x in pillow], len(pillow)))


def autograd_nt_xent(z0, z1):
    z = F.normalize(torch.cat([z0, z1]))
    s = (z @ z.T / 0.5).fill_diagonal_(-torch.inf)
    n = len(z0)
    return F.cross_entropy(s, (torch.arange(2 * n) + n) % (2 * n))


def losses():
    for n in (1024, 4096):
        z = [torch.randn(n, 128, requires_grad=True) for _ in range(2)]
        compare(f"NT-Xent with gradient, B = {n}, d = 128",
                lambda: rate(lambda: torch.autograd.grad(likewise.nt_xent(*z), z), 1),
                lambda: rate(lambda: torch.autograd.grad(autograd_nt_xent(*z), z), 1))


def memory(which):
    """In a process of its own: the peak is that of a whole life."""
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    loss_of = likewise.nt_xent if which == "ours" else autograd_nt_xent
    z = [torch.randn(16384, 128, requires_grad=True) for _ in range(2)]
    loss_of(z[0][:64], z[1][:64]).backward()
    before = peak()
    loss_of(*z).backward()
    print(f"{peak() - before:.0f}")


if sys.argv[2:]:
    memory(sys.argv[2])
else:
    views()
    losses()
    for which in ("ours", "autograd"):
        grown = subprocess.run([sys.executable, __file__, "1", which], capture_output=True, text=True).stdout
        print(f"memory of B = 16,384, d = 128, {which}: {grown.strip()} MB above what was there before")
