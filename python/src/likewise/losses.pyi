# Made by tools/stubs.py from losses.py and the option table.
import math
from typing import Any, Sequence
import torch
from torch import Tensor, nn
from . import _core
from ._options import texts, with_options
__all__ = ['nt_xent', 'nt_xent_plain', 'info_nce', 'info_nce_plain', 'clip_loss', 'sup_con', 'weighted_nt_xent', 'barlow_twins', 'vicreg', 'spectral_contrastive', 'sinkhorn', 'swav', 'dino', 'negative_cosine', 'n_pair', 'triplet', 'contrastive_margin', 'prototypical', 'alignment', 'uniformity', 'NTXent']

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

def weighted_nt_xent(z0: Tensor, z1: Tensor, *, temperature: float=0.5, decoupled: bool=False, tau_plus: float=0, beta: float=0, normalize: bool=True, groups: Tensor | None=None) -> Tensor:
    ...

def barlow_twins(z0: Tensor, z1: Tensor, *, off_diagonal: float=0.005, scale: float=1) -> Tensor:
    ...

def vicreg(z0: Tensor, z1: Tensor, *, invariance: float=25.0, variance: float=25.0, covariance: float=1.0, eps: float=0.0001, halve_variance: bool=True) -> Tensor:
    ...

def spectral_contrastive(z0: Tensor, z1: Tensor, *, mu: float=0) -> Tensor:
    ...

def sinkhorn(scores: Tensor, *, epsilon: float=0.05, iterations: int=3) -> Tensor:
    ...

def swav(scores: Sequence[Tensor], *, temperature: float=0.1, epsilon: float=0.05, iterations: int=3, queued: Sequence[Tensor]=()) -> Tensor:
    ...

def dino(student: Sequence[Tensor], teacher: Sequence[Tensor], centre: Tensor, *, student_temperature: float=0.1, teacher_temperature: float=0.04) -> Tensor:
    ...

def negative_cosine(p: Tensor, z: Tensor) -> Tensor:
    ...

def n_pair(anchor: Tensor, positive: Tensor, *, l2_weight: float=0.002, normalize: bool=False, temperature: float=1.0) -> Tensor:
    ...

def triplet(z: Tensor, labels: Tensor, *, mining: str='semihard', margin: float=0.2, soft: bool=False, squared: bool=True, normalize: bool=True, mean_of_all: bool=False) -> Tensor:
    ...

def contrastive_margin(z: Tensor, labels: Tensor, *, margin: float=1.0, normalize: bool=True) -> Tensor:
    ...

def prototypical(support: Tensor, query: Tensor, *, temperature: float=0) -> Tensor:
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
