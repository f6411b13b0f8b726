"""Random views of images, fused and in batches.

>>> import numpy as np, likewise
>>> images = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), dtype=np.uint8)
>>> views = likewise.Views(recipe="cifar", size=32)
>>> x0, x1 = views(images)
>>> x0.shape, x0.dtype
(torch.Size([64, 3, 32, 32]), torch.float32)

What a view draws is a function of (seed, epoch, index of the image, number of the view):

>>> a = views(images, seed=1)[0]
>>> b = views(images[10:20], seed=1, index=range(10, 20))[0]
>>> bool((a[10:20] == b).all())
True
"""
from __future__ import annotations

from typing import Any, Iterable, Sequence

import torch
from torch import Tensor
from torch.utils.data import default_collate

from . import _core
from ._arrays import as_image, as_images, as_tensor
from ._options import text_of, texts, with_options
from .errors import UserError

__all__ = ["Views", "Recipe", "recipes", "measure"]


class Recipe:
    """A named set of views: `name`, `summary`, `options`."""

    def __init__(self, name: str, summary: str, options: dict[str, Any]) -> None:
        self.name, self.summary, self.options = name, summary, options

    def __repr__(self) -> str:
        return f"Recipe({self.name!r}: {self.summary})"


def recipes() -> list[Recipe]:
    """All recipes, as `likewise list views` prints them.

    >>> [r.name for r in recipes()][:3]
    ['simclr', 'cifar', 'natural']
    """
    return [Recipe(name, summary, options) for name, summary, options in _core.recipes()]


def measure(images: Any, *, layout: str = "auto") -> dict[str, Any]:
    """What a few images tell of their kind: size, channels, mean, deviation, colour, background.

    `images` is a uint8 array, a list of images, or a data set; up to a thousand are looked at.
    """
    if hasattr(images, "stats") and callable(images.stats):
        return images.stats()  # type: ignore[no-any-return]
    return _core.measure(as_images(images), layout)


class Views:
    """Random views of batches of images; see `Views.__init__` for all options."""

    @with_options("views")
    def __init__(self, sample: Any = None, *, stats: dict[str, Any] | None = None,
                 mean: Sequence[float] | float | None = None, std: Sequence[float] | float | None = None,
                 channels: int | None = None, background: float | None = None, layout: str = "auto",
                 threads: int = 0, elementary: bool = False, **options: Any) -> None:
        """Views of images like `sample` (an array, a list of images, a data set), by a recipe and options.

        The sample decides what is not given: the recipe, the size, and mean and deviation, by which the
        views are normalised. Without a sample, `recipe` and `size` must be given, and `mean` 0 and `std` 1
        leave values in 0..1. `stats` is what `measure` returns, instead of a sample.

        mean, std: of each channel, of values in 0..1
        channels: of the views, 1 or 3
        background: value in 0..1 of what comes in from outside the image
        layout: of the images: "chw", "hwc", or "auto", which looks where 1 or 3 stand
        threads: threads that make views; 0: as many as torch.get_num_threads()
        elementary: the slow twin, one view after another (for comparisons)
        """
        given = dict(options)
        if stats is None:
            stats = _stats_without_sample(given, channels, background) if sample is None else measure(
                sample, layout=layout)
        stats = dict(stats)
        if channels is not None and channels != stats["channels"]:
            stats["mean"] = _channels(stats["mean"], channels)
            stats["std"] = _channels(stats["std"], channels)
            stats["channels"] = channels
        if mean is not None:
            stats["mean"] = _channels(mean, stats["channels"])
        if std is not None:
            stats["std"] = _channels(std, stats["channels"])
        if background is not None:
            stats["background"] = background
        self.layout, self.threads, self._elementary = layout, threads, elementary
        self._core = _core.ViewSet(texts(given), texts(stats), elementary)

    @property
    def options(self) -> dict[str, Any]:
        """Every option, decided."""
        return self._core.options

    @property
    def stats(self) -> dict[str, Any]:
        """What the views were decided for: see `measure`."""
        return self._core.stats

    @property
    def count(self) -> int:
        """Views of an image: two, and the local ones."""
        return 2 + int(self.options["local_crops"])

    def __call__(self, images: Any, *, seed: int | None = None, epoch: int = 0,
                 index: Iterable[int] | Tensor | None = None) -> list[Tensor]:
        """All views of a batch of images: `count` tensors, float32 [N, C, S, S], normalised.

        images: uint8 (or float32 in 0..1) [N, C, H, W], [N, H, W, C] or [N, H, W], as NumPy array or
            tensor; or a list of images of any sizes, PIL's too
        seed: equal seeds give equal views; None: drawn from torch's generator
        epoch, index: also choose the random stream; index: one number an image, else 0, 1, ...
        """
        if seed is None:
            seed = int(torch.randint(0, 2**62, ()).item())
        return self._apply(images, False, seed, epoch, index)

    def evaluate(self, images: Any) -> Tensor:
        """The view of evaluation, without chance: float32 [N, C, S, S], normalised."""
        return self._apply(images, True, 0, 0, None)[0]

    def single(self, image: Any) -> list[Tensor]:
        """Views [C, S, S] of one image, a transform for torchvision's data sets. Batches are faster:
        see `collate`."""
        return [x[0] for x in self([as_image(image)])]

    def collate(self, samples: Sequence[Any]) -> list[Any]:
        """A `collate_fn` for torch's DataLoader over a data set of raw images: [views, labels, ...].

        >>> import numpy as np
        >>> from torch.utils.data import DataLoader
        >>> data = [(np.zeros((32, 32, 3), np.uint8), label) for label in range(8)]
        >>> views = Views(recipe="cifar", size=32)
        >>> (x0, x1), labels = next(iter(DataLoader(data, batch_size=4, collate_fn=views.collate)))
        >>> x0.shape, labels
        (torch.Size([4, 3, 32, 32]), tensor([0, 1, 2, 3]))
        """
        if not isinstance(samples[0], (tuple, list)):
            return [self(list(samples))]
        first, *rest = zip(*samples)
        return [self(list(first)), *(default_collate(list(column)) for column in rest)]

    def _apply(self, images: Any, evaluate: bool, seed: int, epoch: int,
               index: Iterable[int] | Tensor | None) -> list[Tensor]:
        if index is not None and not isinstance(index, Tensor):
            index = as_tensor(list(index))
        if seed < 0 or epoch < 0:
            raise UserError(f"seed and epoch must be at least 0; found {seed} and {epoch}")
        return self._core.apply(as_images(images), self.layout, evaluate, seed, epoch, index, self.threads)

    def __reduce__(self) -> Any:
        return _restore, (self.options, self.stats, self.layout, self.threads, self._elementary)

    def __repr__(self) -> str:
        o = self.options
        return f"Views(recipe={o['recipe']!r}, size={o['size']}, count={self.count})"


def _restore(options: dict[str, Any], stats: dict[str, Any], layout: str, threads: int,
             elementary: bool) -> Views:
    return Views(stats=stats, layout=layout, threads=threads, elementary=elementary, **options)


def _channels(values: Sequence[float] | float, channels: int) -> list[float]:
    """One value a channel.

    >>> _channels(0.5, 3), _channels([0.25, 0.5, 0.75], 1)
    ([0.5, 0.5, 0.5], [0.5])
    """
    found = [float(v) for v in values] if hasattr(values, "__iter__") else [float(values)]
    if channels == 1 and len(found) == 3:
        return [sum(found) / 3]
    return found * channels if len(found) == 1 else found


def _stats_without_sample(options: dict[str, Any], channels: int | None,
                          background: float | None) -> dict[str, Any]:
    size = options.get("size") or 0
    if text_of(options.get("recipe")) == "auto" or not size:
        raise UserError("views without a sample of the images need recipe and size, for example "
                        "Views(recipe='simclr', size=32); or give a sample: Views(images)")
    n = 3 if channels is None else channels
    return {"height": size, "width": size, "channels": n, "mean": [0.0] * n, "std": [1.0] * n,
            "colour": 0.5 if n == 3 else 0.0, "background": 0.5 if background is None else background}
