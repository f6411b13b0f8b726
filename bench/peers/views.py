"""Views a second of one thread: torchvision's SimCLR transforms on Pillow images."""
import numpy as np
from PIL import Image
from simclr import rate, transform

rng = np.random.default_rng(0)


def natural_image(height, width):
    i, j = np.mgrid[0:height, 0:width]
    planes = [128 + 90 * np.sin(rng.uniform(.02, .3) * i + rng.uniform(.02, .3) * j + rng.uniform(0, 6))
              + rng.uniform(-20, 20, (height, width)) for _ in range(3)]
    return Image.fromarray(np.stack(planes, -1).clip(0, 255).astype(np.uint8))


small, large = [natural_image(32, 32) for _ in range(64)], [natural_image(375, 500) for _ in range(32)]
print(f"views/blur_32 {rate(small, transform(32, True)):.0f} /s")
print(f"views/cifar_32 {rate(small, transform(32, False)):.0f} /s")
print(f"views/photo_224 {rate(large, transform(224, True)):.0f} /s")
