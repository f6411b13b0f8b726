"""NumPy arrays, PIL images and lists of them as tensors, without a copy where that is possible."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


def as_tensor(x: Any) -> Tensor:
    """A tensor of an array, a list of numbers or a tensor, on the CPU and sharing memory where it can."""
    if isinstance(x, Tensor):
        return x.detach().cpu()
    x = np.asarray(x)
    if not x.flags.writeable or any(step < 0 for step in x.strides):
        x = x.copy()  # torch has no read-only memory and no negative steps
    return torch.from_numpy(x)


def as_image(x: Any) -> Tensor:
    """One image: a tensor, an array, or what PIL opened."""
    if hasattr(x, "convert") and hasattr(x, "mode"):  # PIL
        if x.mode not in ("L", "RGB"):
            x = x.convert("RGB")
        return torch.from_numpy(np.array(x))
    return as_tensor(x)


def as_images(images: Any) -> Tensor | list[Tensor]:
    """A batch in one array, or a list of images of any sizes."""
    if isinstance(images, (list, tuple)):
        return [as_image(x) for x in images]
    if hasattr(images, "convert") and hasattr(images, "mode"):
        return [as_image(images)]
    return as_tensor(images)
