"""Encoders as modules of PyTorch, and trained ones from runs.

>>> import torch, likewise
>>> encoder = likewise.make_encoder("small", image_size=32)
>>> encoder(torch.zeros(2, 3, 32, 32)).shape == (2, encoder.feature_dim)
True
>>> optimiser = torch.optim.SGD(encoder.parameters(), 0.1)
>>> other = likewise.make_encoder("small", image_size=32, seed=1)
>>> other.load_state_dict(encoder.state_dict())
<All keys matched successfully>
"""
from __future__ import annotations

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

__all__ = ["Encoder", "TrainedEncoder", "Features", "make_encoder", "encoder_names", "load_run"]


def encoder_names() -> dict[str, str]:
    """Every encoder with a line about it.

    >>> "resnet18" in encoder_names()
    True
    """
    return dict(_core.encoder_names())


class Encoder(nn.Module):
    """An encoder of Likewise: images or spectrograms [N, C, H, W], series [N, C, T] or vectors [N, D] -> features.

    Its parameters and buffers share memory with the C++ module that computes, so optimisers,
    `state_dict`, `load_state_dict`, `train`, `eval` and autograd work as with any module. The names are
    those of common weights ("conv1.weight", "layer1.0.bn1.running_mean"). On processors.
    """

    def __init__(self, core: _core.Encoder) -> None:
        super().__init__()
        self._core = core
        for name, tensor in core.parameters():
            tensor._is_param = True  # type: ignore[attr-defined]  # what makes isinstance(tensor, nn.Parameter) true
            place, last = self._place(name)
            place.register_parameter(last, tensor)  # type: ignore[arg-type]
        for name, tensor in core.buffers():
            place, last = self._place(name)
            place.register_buffer(last, tensor)

    def _place(self, name: str) -> tuple[nn.Module, str]:
        """The module, made where it is missing, that holds a dotted name, and the name's last part."""
        *path, last = name.split(".")
        place: nn.Module = self
        for part in path:
            if part not in place._modules:
                place.add_module(part, nn.Module())
            place = place._modules[part]  # type: ignore[assignment]
        return place, last

    @property
    def feature_dim(self) -> int:
        """D, the length of a feature."""
        return self._core.feature_dim

    @property
    def image_size(self) -> int:
        """The longest side of the images (or length of the series) that it was made for."""
        return max([1, *self._core.shape[1:]])

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of an input that it was made for, without the batch."""
        return tuple(self._core.shape)

    @property
    def channels(self) -> int:
        """The channels of the inputs that it was made for."""
        return self._core.shape[0]

    @property
    def options(self) -> dict[str, Any]:
        """Its options, decided."""
        return self._core.options

    def forward(self, x: Tensor) -> Tensor:
        return self._core.forward(x)

    def _apply(self, fn: Any, recurse: bool = True) -> Encoder:
        """Conversions (double(), to()) replace buffers; the C++ module must see the new values."""
        super()._apply(fn, recurse)
        for name, tensor in self._core.buffers():
            place, last = self._place(name)
            converted = place._buffers[last]
            if converted is not None and converted is not tensor:
                tensor.data = converted
                place._buffers[last] = tensor
        return self

    def train(self, mode: bool = True) -> Encoder:
        super().train(mode)
        self._core.train(mode)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the weights as a safetensors file."""
        self._core.save(os.fspath(path))

    def load(self, path: str | os.PathLike[str], *, strict: bool = True) -> str:
        """Reads weights from a safetensors file; what fits where not strict. Returns what was found."""
        return self._core.load(os.fspath(path), strict)

    def __deepcopy__(self, memo: dict[int, Any]) -> Encoder:
        return _restore(*self.__reduce__()[1])

    def __reduce__(self) -> Any:
        return _restore, (self.options, self.input_shape, self.state_dict(), self.training)

    def extra_repr(self) -> str:
        return f"{self.options['name']}, {' x '.join(map(str, self.input_shape))} -> {self.feature_dim}"

    def __repr__(self) -> str:  # without the empty containers of the names
        return f"{type(self).__name__}({self.extra_repr()})"


def _restore(options: dict[str, Any], shape: tuple[int, ...], state: dict[str, Tensor], training: bool) -> Encoder:
    encoder = Encoder(_core.make_encoder(texts(options), list(shape), 0))
    encoder.load_state_dict(state)
    return encoder.train(training)


@with_options("encoder")
def make_encoder(name: str = "auto", *, image_size: int = 32, channels: int = 3, shape: Sequence[int] | None = None,
                 seed: int = 0, **options: Any) -> Encoder:
    """A new encoder for images [N, channels, image_size, image_size], or for inputs [N, *shape]: spectrograms
    [1, F, T], series [C, T], vectors [D]; with the weights that `likewise pretrain` starts from for this seed, in
    training mode. `encoder_names()` lists the names."""
    sizes = [channels, image_size, image_size] if shape is None else [int(size) for size in shape]
    return Encoder(_core.make_encoder(texts({"name": name, **options}), sizes, seed))


class Features(NamedTuple):
    """Features of a data set: x float32 [N, D], labels int64 [N], index int64 [N] (positions in the data
    set), and a sentence for each image that could not be read."""

    x: Tensor
    labels: Tensor
    index: Tensor
    bad: list[str]


class TrainedEncoder:
    """An encoder with all that is needed to use it: weights, and how samples are prepared for it (`views`)."""

    def __init__(self, encoder: Encoder, views: Views | Inputs, origin: str) -> None:
        self.encoder, self.views, self.origin = encoder, views, origin

    @property
    def feature_dim(self) -> int:
        """D, the length of a feature."""
        return self.encoder.feature_dim

    def embed(self, images: Any, *, batch: int = 256) -> Tensor:
        """Features [N, D] of images: an array or tensor (uint8 [N, C, H, W] or [N, H, W, C]), a list of images
        of any sizes; of sounds and series: a list of arrays [C, T] at `views.rate`, or an array [N, C, T]; or a
        `Dataset` or path, of which broken samples are an error (see `features`)."""
        if isinstance(images, (Dataset, str, os.PathLike)):
            found = self.features(images)
            if found.bad:
                raise UserError(f"{len(found.bad)} samples could not be read, use features(): {found.bad[0]}")
            return found.x
        if not hasattr(images, "__len__"):
            images = [images]
        was = self.encoder.training
        self.encoder.eval()
        try:
            with torch.no_grad():
                parts = [self.encoder(self.views.evaluate(images[i:i + batch]))
                         for i in range(0, len(images), batch)]
        finally:
            self.encoder.train(was)
        if not parts:
            raise UserError("there is no sample to embed")
        return torch.cat(parts)

    def features(self, data: Dataset | str | os.PathLike[str]) -> Features:
        """Features of all samples of a data set that can be read, with labels. A path is opened as the data of
        training were: at their rate, in windows of the same length."""
        if not isinstance(data, Dataset):
            data = open_dataset(data) if isinstance(self.views, Views) else Dataset(
                self.views._core.open(os.fspath(data)))
        core, was = self.encoder._core, self.encoder.training
        self.encoder.eval()
        try:
            if isinstance(self.views, Views):
                x, labels, index, bad = core.extract(texts(self.views.options), texts(self.views.stats), data._core)
            else:
                x, labels, index, bad = core.extract_inputs(self.views._core, data._core)
        finally:
            self.encoder.train(was)
        return Features(x, labels, torch.tensor(index), bad)

    def __repr__(self) -> str:
        return f"TrainedEncoder({self.encoder.extra_repr()}, from {self.origin})"


def load_run(path: str | os.PathLike[str]) -> TrainedEncoder:
    """The encoder of a run folder (its last checkpoint), a checkpoint, or a model folder of `likewise fit`."""
    core, origin, *views = _core.load_run(os.fspath(path))
    encoder = Encoder(core).eval()
    if len(views) == 1:
        return TrainedEncoder(encoder, Inputs._of(views[0]), origin)
    return TrainedEncoder(encoder, Views(stats=views[1], **views[0]), origin)
