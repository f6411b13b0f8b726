"""What the peers of views share: torchvision's SimCLR transforms on Pillow images, and rates of one thread."""
import random
import time

import torch
import torchvision.transforms as T

torch.set_num_threads(1)
torch.manual_seed(0)
random.seed(0)


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
