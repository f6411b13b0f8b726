# Made by tools/stubs.py from __init__.py and the option table.
import torch as _torch
from ._build_info import torch_version as _built_for
from . import data as data, encoders as encoders, errors as errors, eval as eval, inputs as inputs, losses as losses, views as views
from ._core import __version__ as __version__
from .data import Batch as Batch, Dataset as Dataset, Loader as Loader, memory_dataset as memory_dataset, open_dataset as open_dataset
from .encoders import Encoder as Encoder, TrainedEncoder as TrainedEncoder, encoder_names as encoder_names, load_run as load_run, make_encoder as make_encoder
from .errors import DataError as DataError, Error as Error, InvariantError as InvariantError, TrainingError as TrainingError, UserError as UserError
from .inputs import Inputs as Inputs, log_mel as log_mel, read_sound as read_sound
from .losses import NTXent as NTXent, nt_xent as nt_xent
from .views import Views as Views
__all__ = ['data', 'encoders', 'errors', 'eval', 'inputs', 'losses', 'views', '__version__', 'Batch', 'Dataset', 'Loader', 'memory_dataset', 'open_dataset', 'Encoder', 'TrainedEncoder', 'encoder_names', 'load_run', 'make_encoder', 'DataError', 'Error', 'InvariantError', 'TrainingError', 'UserError', 'Inputs', 'log_mel', 'read_sound', 'NTXent', 'nt_xent', 'Views']
