# Made by tools/stubs.py from encoders.py and the option table.
import os
from typing import Any, NamedTuple, Sequence
import torch
from torch import Tensor, nn
from . import _core
from ._options import texts, with_options
from .data import Dataset, open_dataset
from .errors import UserError
from .inputs import Inputs
from .views import Views
__all__ = ['Encoder', 'TrainedEncoder', 'Features', 'make_encoder', 'encoder_names', 'load_run']

def encoder_names() -> dict[str, str]:
    ...

class Encoder(nn.Module):

    def __init__(self, core: _core.Encoder) -> None:
        ...

    @property
    def feature_dim(self) -> int:
        ...

    @property
    def image_size(self) -> int:
        ...

    @property
    def input_shape(self) -> tuple[int, ...]:
        ...

    @property
    def channels(self) -> int:
        ...

    @property
    def options(self) -> dict[str, Any]:
        ...

    def forward(self, x: Tensor) -> Tensor:
        ...

    def train(self, mode: bool=True) -> Encoder:
        ...

    def save(self, path: str | os.PathLike[str]) -> None:
        ...

    def load(self, path: str | os.PathLike[str], *, strict: bool=True) -> str:
        ...

    def __deepcopy__(self, memo: dict[int, Any]) -> Encoder:
        ...

    def extra_repr(self) -> str:
        ...

    def __repr__(self) -> str:
        ...

def make_encoder(name: str='auto', *, image_size: int=32, channels: int=3, shape: Sequence[int] | None=None, seed: int=0, width: int=0, blocks: int=0, stem: str='auto', zero_init: bool=False, patch: int=0, pool: str='auto', heads: int=0, registers: int=0, projection: int=0, activation: str='auto', norm_eps: float=0.0) -> Encoder:
    ...

class Features(NamedTuple):
    x: Tensor
    labels: Tensor
    index: Tensor  # type: ignore[assignment]
    bad: list[str]

class TrainedEncoder:
    encoder: Encoder
    views: Views | Inputs
    origin: str

    def __init__(self, encoder: Encoder, views: Views | Inputs, origin: str) -> None:
        ...

    @property
    def feature_dim(self) -> int:
        ...

    def embed(self, images: Any, *, batch: int=256) -> Tensor:
        ...

    def features(self, data: Dataset | str | os.PathLike[str]) -> Features:
        ...

    def __repr__(self) -> str:
        ...

def load_run(path: str | os.PathLike[str]) -> TrainedEncoder:
    ...
