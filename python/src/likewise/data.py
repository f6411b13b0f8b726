"""Data sets that Likewise opens, and batches of their views made ahead on the loader's own threads.

>>> import torch, likewise
>>> images = torch.randint(0, 256, (100, 3, 32, 32), dtype=torch.uint8)
>>> data = likewise.memory_dataset(images, labels=[i % 10 for i in range(100)])
>>> len(data), data[3][0].shape, data[3][1]
(100, torch.Size([3, 32, 32]), 3)
>>> loader = likewise.Loader(data, batch=25, recipe="cifar")
>>> for (x0, x1), labels, index in loader:  # one epoch
...     pass
>>> x0.shape, len(loader)
(torch.Size([25, 3, 32, 32]), 4)
"""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Sequence

import torch.utils.data
from torch import Tensor

from . import _core
from ._arrays import as_tensor
from ._options import texts, with_options
from .errors import UserError
from .views import Views

if TYPE_CHECKING:
    from .inputs import Inputs

__all__ = ["Dataset", "DatasetKind", "open_dataset", "memory_dataset", "dataset_kinds", "Batch", "Loader"]


class Dataset(torch.utils.data.Dataset[Any]):
    """Numbered samples with labels: `data[i]` is (sample, label), an image uint8 [C, H, W], a sound or a window
    of a series float [C, T], or an array, and an int, -1 when unknown. Made by `open_dataset` and `memory_dataset`; also a data set for torch's DataLoader."""

    def __init__(self, core: _core.DataSet) -> None:
        self._core = core

    def __len__(self) -> int:
        return len(self._core)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self._core.get(i)

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        return (self[i] for i in range(len(self)))

    @property
    def name(self) -> str:
        """The path, or the name of what is built in."""
        return self._core.name

    @property
    def modality(self) -> str:
        """image, audio, series or tensor."""
        return self._core.modality

    @property
    def rate(self) -> float:
        """Frames a second of sounds and series, 0 where that is unknown."""
        return self._core.rate

    @property
    def kind(self) -> str:
        """image-folder, idx, cifar, glyphs, ..."""
        return self._core.kind

    @property
    def class_names(self) -> list[str]:
        """Of labels 0, 1, ...; empty when there are none."""
        return self._core.class_names

    @property
    def domain_names(self) -> list[str]:
        """Of domains 0, 1, ... (styles, subjects, sites); empty when there are none."""
        return self._core.domain_names

    @property
    def labels(self) -> Tensor:
        """int64 [N], -1 where unknown; without decoding anything."""
        return self._core.labels()

    @property
    def domains(self) -> Tensor:
        """int64 [N], -1 where unknown."""
        return self._core.domains()

    def name_of(self, i: int) -> str:
        """What sample i is called: a path, or "images.gz[17]"."""
        return self._core.name_of(i)

    def subset(self, rows: Sequence[int] | Tensor) -> Dataset:
        """These samples in this order; labels keep their numbers."""
        return Dataset(self._core.subset(as_tensor(rows)))

    def cached(self, megabytes: int = 2000) -> Dataset:
        """The same samples, kept in memory once decoded, up to that much."""
        return Dataset(self._core.cached(megabytes * 1000000))

    def stats(self) -> dict[str, Any]:
        """What up to a thousand of the images tell of their kind; see `likewise.views.measure`."""
        return self._core.stats()

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {self.kind}, {len(self)} samples, {len(self.class_names)} classes)"


class DatasetKind(NamedTuple):
    """A kind of data set that `open_dataset` knows."""

    name: str
    summary: str
    parts: str


def dataset_kinds() -> list[DatasetKind]:
    """What `open_dataset` knows, in the order of recognition."""
    return [DatasetKind(*row) for row in _core.dataset_kinds()]


@with_options("open")
def open_dataset(path: str | os.PathLike[str], **options: Any) -> Dataset:
    """Opens "PATH", "PATH#PART", or a built-in name such as "glyphs" or "glyphs#test".

    A folder of images, sounds, series or arrays, tar shards, a CSV list, npy and npz, CIFAR, IDX (MNIST), Omniglot, Tiny ImageNet:
    the kind is recognised; `dataset_kinds()` lists all with their parts. UserError where there is
    nothing, DataError for broken files.
    """
    return Dataset(_core.open_dataset(os.fspath(path), texts(options)))


def memory_dataset(images: Any, labels: Any = None, *, domains: Any = None, class_names: Sequence[str] = (),
                   domain_names: Sequence[str] = ()) -> Dataset:
    """A data set of an array: uint8 [N, C, H, W], or [N, H, W, C] with 1 or 3 channels, which is copied."""
    x = as_tensor(images)
    if x.dim() == 3:
        x = x.unsqueeze(1)
    if x.dim() == 4 and x.size(1) not in (1, 3) and x.size(3) in (1, 3):
        x = x.permute(0, 3, 1, 2).contiguous()
    return Dataset(_core.memory_dataset(x, None if labels is None else as_tensor(labels),
                                        None if domains is None else as_tensor(domains),
                                        list(class_names), list(domain_names)))


def _inputs(data: Dataset, options: dict[str, Any]) -> Inputs:
    from .inputs import Inputs as Made  # which needs this module

    return Made(data, **options)


class Batch(NamedTuple):
    """What a step sees: (x0, x1, ...), labels, index."""

    views: list[Tensor]
    labels: Tensor
    index: Tensor


class Loader:
    """Batches of views of a data set, made ahead by threads; iterating gives one epoch."""

    @with_options("views")
    def __init__(self, data: Dataset | str | os.PathLike[str], views: Views | Inputs | None = None, *, batch: int = 256,
                 threads: int = 1, ahead: int = 3, seed: int = 0, shuffle: bool = True,
                 evaluate: bool = False, max_bad: int = 100, **options: Any) -> None:
        """Batches (views, labels, index) of `data`, a `Dataset` or what `open_dataset` opens.

        Every image is decoded once for all its views. Batch number s of epoch e is a function of the
        seed alone: neither threads nor where reading began change it. Without `views` they are made by the
        options that follow, for what the data look like; those that are no images have the options of
        `Inputs` instead. Every iteration is the next epoch.

        batch: images a batch; the last incomplete one of an epoch is left out when shuffling
        threads: threads that decode and make views
        ahead: finished batches that may wait
        shuffle: a new order every epoch; else in order, the last batch short
        evaluate: one view an image, without chance
        max_bad: broken images that are passed over (see `bad_samples`) before it is an error
        """
        self.data = data if isinstance(data, Dataset) else open_dataset(data)
        if views is not None and options:
            raise UserError(f"give views or their options, not both; found views and {', '.join(options)}")
        if seed < 0:
            raise UserError(f"seed must be at least 0; found {seed}")
        if views is None:
            views = Views(self.data, **options) if self.data.modality == "image" else _inputs(self.data, options)
        self.views = views
        self.batch = batch
        self._core = _core.Loader(self.data._core, self.views._core, evaluate, batch, threads, ahead, seed,
                                  shuffle, max_bad)
        self._next = 0  # the step that the core gives next
        self._epoch = 0  # of the next iteration
        self._step = 0  # where in it to begin
        self._run = 0

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._core.steps_per_epoch()

    @property
    def epoch(self) -> int:
        """The epoch that the next iteration gives."""
        return self._epoch

    def seek(self, epoch: int, step: int = 0) -> None:
        """The next iteration gives this epoch, from this batch on: to resume a run."""
        if epoch < 0 or not 0 <= step <= len(self):
            raise UserError(f"there is no batch {step} of epoch {epoch}: an epoch has {len(self)}")
        self._epoch, self._step = epoch, step

    def set_epoch(self, epoch: int) -> None:
        """As torch's DistributedSampler has it: the next iteration gives this epoch."""
        self.seek(epoch)

    def __iter__(self) -> Iterator[Batch]:
        epoch, step = self._epoch, self._step
        self._epoch, self._step = epoch + 1, 0
        self._run += 1
        return self._batches(epoch, step, self._run)

    def _batches(self, epoch: int, step: int, run: int) -> Iterator[Batch]:
        for number in range(epoch * len(self) + step, (epoch + 1) * len(self)):
            if run != self._run:
                raise UserError("this iteration of the loader ended when a newer one began")
            if self._next != number:
                self._core.seek(number)
            self._next = -1  # until it is known that a batch came
            batch = Batch(*self._core.next())
            self._next = number + 1
            if len(batch.index):  # else every image of it is broken
                yield batch

    @property
    def bad_samples(self) -> list[str]:
        """A sentence for each broken image so far."""
        return self._core.bad_samples()

    @property
    def waited(self) -> float:
        """Seconds that iterating has waited for batches."""
        return self._core.waited()

    def __repr__(self) -> str:
        return f"Loader({self.data!r}, {self.views!r}, batch={self.batch}, {len(self)} batches an epoch)"
