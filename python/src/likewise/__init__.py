"""Likewise for PyTorch: fused image views, views of sounds and series, exact contrastive losses, encoders, evaluations, data sets.

>>> import likewise
>>> likewise.open_dataset("glyphs#test").kind
'glyphs'
"""
import torch as _torch

from ._build_info import torch_version as _built_for

if _torch.__version__.split("+")[0] != _built_for:
    raise ImportError(
        f"likewise was built for torch {_built_for}, and torch {_torch.__version__} is installed; build it again: "
        "pip install --force-reinstall --no-deps --no-cache-dir ./python in the folder of its sources")

from . import data, encoders, errors, eval, inputs, losses, views
from ._core import __version__
from .data import Batch, Dataset, Loader, memory_dataset, open_dataset
from .encoders import Encoder, TrainedEncoder, encoder_names, load_run, make_encoder
from .errors import DataError, Error, InvariantError, TrainingError, UserError
from .inputs import Inputs, log_mel, read_sound
from .losses import NTXent, nt_xent
from .views import Views

__all__ = [
    "data", "encoders", "errors", "eval", "inputs", "losses", "views", "__version__", "Batch", "Dataset", "Loader",
    "memory_dataset", "open_dataset", "Encoder", "TrainedEncoder", "encoder_names", "load_run", "make_encoder",
    "DataError", "Error", "InvariantError", "TrainingError", "UserError", "Inputs", "log_mel", "read_sound", "NTXent", "nt_xent", "Views",
]
