"""Views a second of one thread: torchvision's SimCLR transforms on Pillow images."""
import random
import time

import numpy as np
import torch
import torchvision.transforms as T
from PIL import Image

torch.set_num_threads(1)
torch.manual_seed(0)
random.seed(0)
rng = np.random.default_rng(0)


def natural_image(height, width):
    i, j = np.mgrid[0:height, 0:width]
    planes = [128 + 90 * np.sin(rng.uniform(.02, .3) * i + rng.uniform(.02, .3) * j + rng.uniform(0, 6))
              + rng.uniform(-20, 20, (height, width)) for _ in range(3)]
    return Image.fromarray(np.stack(planes, -1).clip(0, 255).astype(np.uint8))


def transform(size, blur):
    steps = [T.RandomResizedCrop(size, (.08, 1.)), T.RandomHorizontalFlip(),
             T.RandomApply([T.ColorJitter(.4, .4, .4, .1)], .8), T.RandomGrayscale(.2)]
    if blur:
        steps.append(T.RandomApply([T.GaussianBlur(max(3, size // 10 // 2 * 2 + 1), (.1, 2.))], .5))
    return T.Compose(steps + [T.ToTensor(), T.Normalize([.45] * 3, [.25] * 3)])


def rate(images, work, seconds=1.5):
    for image in images[:8]:
        work(image)
    start, done = time.process_time(), 0
    while time.process_time() - start < seconds:
        work(images[done % len(images)])
        done += 1
    return done / (time.process_time() - start)


small, large = [natural_image(32, 32) for _ in range(64)], [natural_image(375, 500) for _ in range(32)]
print(f"views/blur_32 {rate(small, transform(32, True)):.0f} /s")
print(f"views/cifar_32 {rate(small, transform(32, False)):.0f} /s")
print(f"views/photo_224 {rate(large, transform(224, True)):.0f} /s")
