"""Sounds, sensor series and arrays: how they become an encoder's input, and log-mel spectrograms.

>>> import torch, likewise
>>> wave = torch.sin(torch.arange(8000) * 0.3)              # a second at 8 kHz
>>> likewise.log_mel(wave, 8000).shape                      # 64 bands, 64 frames
torch.Size([64, 64])
>>> likewise.log_mel(wave, 8000, recipe="librosa", n_fft=512, hop=128, mels=40).shape
torch.Size([40, 63])
>>> data = likewise.open_dataset("pendulum#test").subset(range(40))
>>> inputs = likewise.Inputs(data)
>>> inputs
Inputs(series, recipe='sensor', shape=(6, 128))
>>> x0, x1 = inputs([data[i][0] for i in range(8)], seed=0)
>>> x0.shape
torch.Size([8, 6, 128])
"""
from __future__ import annotations

import os
from typing import Any, Iterable, Sequence

import torch
from torch import Tensor

from . import _core
from ._arrays import as_tensor
from ._options import text_of, with_options
from .data import Dataset
from .errors import UserError

__all__ = ["Inputs", "log_mel", "read_sound"]


@with_options("spectrum")
def log_mel(waves: Any, rate: float, *, size: int = 64, linear: bool = False, **options: Any) -> Tensor:
    """Log-mel spectrograms of waves: float [..., T] -> float32 [..., rows, frames], low frequencies first.

    rate: frames of the wave a second
    size: rows and frames where the recipe has no numbers of its own
    linear: all n_fft / 2 + 1 frequencies instead of mel bands
    """
    texts = [(key, text_of(value)) for key, value in options.items()]
    return _core.log_mel(as_tensor(waves), float(rate), size, linear, texts)


def read_sound(path: str | os.PathLike[str], rate: int = 0) -> tuple[Tensor, int]:
    """A sound file (WAV, FLAC, OGG, MP3, AIFF): float32 [C, T] in [-1, 1] and its rate; resampled where
    `rate` is not 0."""
    return _core.read_sound(os.fspath(path), rate)


def _flat(options: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    out = []
    for key, value in options.items():
        out += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, text_of(value))]
    return out


class Inputs:
    """How samples of sounds, series or arrays become what an encoder takes: random views, and the plain one."""

    def __init__(self, data: Dataset, **options: Any) -> None:
        """Views of samples like those of `data`, which decide length, statistics and what is not given.

        Options are those of `likewise pretrain --data ... --help` behind `--views.`: `Inputs(data, recipe="specaugment",
        seconds=1, spectrum={"mels": 40})`.
        """
        self._core = _core.inputs_for(data._core, _flat(options))

    @classmethod
    def _of(cls, core: _core.InputSet) -> Inputs:
        self = cls.__new__(cls)
        self._core = core
        return self

    @property
    def modality(self) -> str:
        """audio, series or tensor."""
        return self._core.modality

    @property
    def rate(self) -> float:
        """Frames a second that samples are expected to have; 0 where that means nothing."""
        return self._core.rate

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an encoder's input without the batch."""
        return tuple(self._core.shape)

    @property
    def options(self) -> dict[str, Any]:
        """Every option, decided."""
        return self._core.options

    def __call__(self, samples: Any, *, seed: int | None = None, epoch: int = 0,
                 index: Iterable[int] | None = None) -> list[Tensor]:
        """Two random views of each sample, float32 [N, ...]; a function of (seed, epoch, index).

        samples: a list of arrays [C, T] (sounds of any lengths, [T] for one channel), or one array [N, ...]
        """
        if seed is None:
            seed = int(torch.randint(2**62, ()))
        rows = [] if index is None else [int(i) for i in index]
        return self._core.apply(_samples(samples), False, seed, epoch, rows)

    def evaluate(self, samples: Any) -> Tensor:
        """What an encoder takes of each sample, without chance."""
        return self._core.apply(_samples(samples), True, 0, 0, [])[0]

    def __reduce__(self) -> Any:
        return _restore, (self.modality, self._core.text())

    def __repr__(self) -> str:
        return f"Inputs({self.modality}, recipe={self.options['recipe']!r}, shape={self.shape})"


def _restore(modality: str, text: str) -> Inputs:
    return Inputs._of(_core.inputs_from(modality, text))


def _samples(samples: Any) -> Sequence[Tensor]:
    if isinstance(samples, (list, tuple)):
        return [as_tensor(x) for x in samples]
    batch = as_tensor(samples)
    if batch.dim() < 2:
        raise UserError(f"samples are a list of arrays or one array [N, ...]; found {batch.dim()} dimensions")
    return list(batch)
