# Made by tools/stubs.py from inputs.py and the option table.
import os
from typing import Any, Iterable, Sequence
import torch
from torch import Tensor
from . import _core
from ._arrays import as_tensor
from ._options import text_of, with_options
from .data import Dataset
from .errors import UserError
__all__ = ['Inputs', 'log_mel', 'read_sound']

def log_mel(waves: Any, rate: float, *, size: int=64, linear: bool=False, recipe: str='auto', n_fft: int=0, hop: int=0, window: int=0, mels: int=0, fmin: float | None=None, fmax: float | None=None, scale: str='auto', norm: str='auto', padding: str='auto', log: str='auto', power: float=0.0, top_db: float | None=None) -> Tensor:
    ...

def read_sound(path: str | os.PathLike[str], rate: int=0) -> tuple[Tensor, int]:
    ...

class Inputs:

    def __init__(self, data: Dataset, **options: Any) -> None:
        ...

    @property
    def modality(self) -> str:
        ...

    @property
    def rate(self) -> float:
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        ...

    @property
    def options(self) -> dict[str, Any]:
        ...

    def __call__(self, samples: Any, *, seed: int | None=None, epoch: int=0, index: Iterable[int] | None=None) -> list[Tensor]:
        ...

    def evaluate(self, samples: Any) -> Tensor:
        ...

    def __repr__(self) -> str:
        ...
