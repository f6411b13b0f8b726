# Made by tools/stubs.py from views.py and the option table.
from typing import Any, Iterable, Sequence
import torch
from torch import Tensor
from torch.utils.data import default_collate
from . import _core
from ._arrays import as_image, as_images, as_tensor
from ._options import text_of, texts, with_options
from .errors import UserError
__all__ = ['Views', 'Recipe', 'recipes', 'measure']

class Recipe:
    name: str
    summary: str
    options: dict[str, Any]

    def __init__(self, name: str, summary: str, options: dict[str, Any]) -> None:
        ...

    def __repr__(self) -> str:
        ...

def recipes() -> list[Recipe]:
    ...

def measure(images: Any, *, layout: str='auto') -> dict[str, Any]:
    ...

class Views:
    layout: str
    threads: int

    def __init__(self, sample: Any=None, *, stats: dict[str, Any] | None=None, mean: Sequence[float] | float | None=None, std: Sequence[float] | float | None=None, channels: int | None=None, background: float | None=None, layout: str='auto', threads: int=0, elementary: bool=False, recipe: str='auto', size: int=0, fit: str='auto', crop_min: float | None=None, crop_max: float | None=None, rotate: float | None=None, scale: float | None=None, shear: float | None=None, translate: float | None=None, flip: float | None=None, jitter_probability: float | None=None, jitter: float | None=None, brightness: float | None=None, contrast: float | None=None, saturation: float | None=None, hue: float | None=None, gray: float | None=None, blur: float | None=None, solarize: float | None=None, stroke: float | None=None, gamma: float | None=None, noise: float | None=None, cutout: float | None=None, cutout_size: float | None=None, eval_crop: float | None=None, local_crops: int=0, local_size: int=0, local_crop_min: float | None=None, local_crop_max: float | None=None) -> None:
        ...

    @property
    def options(self) -> dict[str, Any]:
        ...

    @property
    def stats(self) -> dict[str, Any]:
        ...

    @property
    def count(self) -> int:
        ...

    def __call__(self, images: Any, *, seed: int | None=None, epoch: int=0, index: Iterable[int] | Tensor | None=None) -> list[Tensor]:
        ...

    def evaluate(self, images: Any) -> Tensor:
        ...

    def single(self, image: Any) -> list[Tensor]:
        ...

    def collate(self, samples: Sequence[Any]) -> list[Any]:
        ...

    def __repr__(self) -> str:
        ...
