# Made by tools/stubs.py from losses.py and the option table.
import math
from typing import Any
import torch
from torch import Tensor, nn
from . import _core
from ._options import texts, with_options
__all__ = ['nt_xent', 'nt_xent_plain', 'info_nce', 'info_nce_plain', 'clip_loss', 'sup_con', 'alignment', 'uniformity', 'NTXent']

def nt_xent(z0: Tensor, z1: Tensor, *, log_inverse_temperature: Tensor | None=None, temperature: float=0.5, decoupled: bool=False, decoupled_sigma: float=0.0, normalize: bool=True) -> Tensor:
    ...

def nt_xent_plain(z0: Tensor, z1: Tensor, *, log_inverse_temperature: Tensor | None=None, temperature: float=0.5, decoupled: bool=False, decoupled_sigma: float=0.0, normalize: bool=True) -> Tensor:
    ...

def info_nce(q: Tensor, k: Tensor, *, positive: Tensor | None=None, positive_key: Tensor | None=None, itself: Tensor | None=None, query_group: Tensor | None=None, key_group: Tensor | None=None, groups_attract: bool=True, key_log_weight: Tensor | None=None, log_inverse_temperature: Tensor | None=None, temperature: float=0.1, decoupled: bool=False, normalize: bool=True) -> Tensor:
    ...

def info_nce_plain(q: Tensor, k: Tensor, *, positive: Tensor | None=None, positive_key: Tensor | None=None, itself: Tensor | None=None, query_group: Tensor | None=None, key_group: Tensor | None=None, groups_attract: bool=True, key_log_weight: Tensor | None=None, log_inverse_temperature: Tensor | None=None, temperature: float=0.1, decoupled: bool=False, normalize: bool=True) -> Tensor:
    ...

def clip_loss(a: Tensor, b: Tensor, *, groups: Tensor | None=None, log_inverse_temperature: Tensor | None=None, temperature: float=0.1, decoupled: bool=False, normalize: bool=True) -> Tensor:
    ...

def sup_con(z0: Tensor, z1: Tensor, labels: Tensor, *, log_inverse_temperature: Tensor | None=None, temperature: float=0.1, decoupled: bool=False, normalize: bool=True) -> Tensor:
    ...

class NTXent(nn.Module):
    options: dict[str, Any]
    log_inverse_temperature: nn.Parameter | None

    def __init__(self, *, learned: bool=False, temperature: float=0.5, decoupled: bool=False, decoupled_sigma: float=0.0, normalize: bool=True) -> None:
        ...

    @property
    def temperature(self) -> float:
        ...

    def forward(self, z0: Tensor, z1: Tensor) -> Tensor:
        ...

    def extra_repr(self) -> str:
        ...

def alignment(x: Tensor, y: Tensor, alpha: float=2) -> Tensor:
    ...

def uniformity(x: Tensor, t: float=2) -> Tensor:
    ...
