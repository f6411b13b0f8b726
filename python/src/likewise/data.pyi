# Made by tools/stubs.py from data.py and the option table.
import os
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Sequence
import torch.utils.data
from torch import Tensor
from . import _core
from ._arrays import as_tensor
from ._options import texts, with_options
from .errors import UserError
from .views import Views
from .inputs import Inputs
__all__ = ['Dataset', 'DatasetKind', 'open_dataset', 'memory_dataset', 'dataset_kinds', 'Batch', 'Loader']

class Dataset(torch.utils.data.Dataset[Any]):

    def __init__(self, core: _core.DataSet) -> None:
        ...

    def __len__(self) -> int:
        ...

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        ...

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        ...

    @property
    def name(self) -> str:
        ...

    @property
    def modality(self) -> str:
        ...

    @property
    def rate(self) -> float:
        ...

    @property
    def kind(self) -> str:
        ...

    @property
    def class_names(self) -> list[str]:
        ...

    @property
    def domain_names(self) -> list[str]:
        ...

    @property
    def labels(self) -> Tensor:
        ...

    @property
    def domains(self) -> Tensor:
        ...

    def name_of(self, i: int) -> str:
        ...

    def subset(self, rows: Sequence[int] | Tensor) -> Dataset:
        ...

    def cached(self, megabytes: int=2000) -> Dataset:
        ...

    def stats(self) -> dict[str, Any]:
        ...

    def __repr__(self) -> str:
        ...

class DatasetKind(NamedTuple):
    name: str
    summary: str
    parts: str

def dataset_kinds() -> list[DatasetKind]:
    ...

def open_dataset(path: str | os.PathLike[str], *, layout: str='auto', rate: float=0.0, seconds: float=0.0, hop: float=0.0, columns: str='', time: str='auto', label: str='auto', window: int=0, overlap: float=0.5, devices: str='', devices_as: str='channels', time_axis: str='last') -> Dataset:
    ...

def memory_dataset(images: Any, labels: Any=None, *, domains: Any=None, class_names: Sequence[str]=(), domain_names: Sequence[str]=()) -> Dataset:
    ...

class Batch(NamedTuple):
    views: list[Tensor]
    labels: Tensor
    index: Tensor  # type: ignore[assignment]

class Loader:
    data: Dataset
    views: Views | Inputs
    batch: int

    def __init__(self, data: Dataset | str | os.PathLike[str], views: Views | Inputs | None=None, *, batch: int=256, threads: int=1, ahead: int=3, seed: int=0, shuffle: bool=True, evaluate: bool=False, max_bad: int=100, recipe: str='auto', size: int=0, fit: str='auto', crop_min: float | None=None, crop_max: float | None=None, rotate: float | None=None, scale: float | None=None, shear: float | None=None, translate: float | None=None, flip: float | None=None, jitter_probability: float | None=None, jitter: float | None=None, brightness: float | None=None, contrast: float | None=None, saturation: float | None=None, hue: float | None=None, gray: float | None=None, blur: float | None=None, solarize: float | None=None, stroke: float | None=None, gamma: float | None=None, noise: float | None=None, cutout: float | None=None, cutout_size: float | None=None, eval_crop: float | None=None, local_crops: int=0, local_size: int=0, local_crop_min: float | None=None, local_crop_max: float | None=None) -> None:
        ...

    def __len__(self) -> int:
        ...

    @property
    def epoch(self) -> int:
        ...

    def seek(self, epoch: int, step: int=0) -> None:
        ...

    def set_epoch(self, epoch: int) -> None:
        ...

    def __iter__(self) -> Iterator[Batch]:
        ...

    @property
    def bad_samples(self) -> list[str]:
        ...

    @property
    def waited(self) -> float:
        ...

    def __repr__(self) -> str:
        ...
