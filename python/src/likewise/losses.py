"""Exact losses in O(N d) memory, for any PyTorch loop.

>>> import torch
>>> from likewise.losses import nt_xent
>>> z0, z1 = torch.randn(2, 512, 128, requires_grad=True).unbind()
>>> loss = nt_xent(z0, z1, temperature=0.2)
>>> loss.backward()
"""
from __future__ import annotations

import math
from typing import Any, Sequence

import torch
from torch import Tensor, nn

from . import _core
from ._options import texts, with_options

__all__ = ["nt_xent", "nt_xent_plain", "info_nce", "info_nce_plain", "clip_loss", "sup_con", "weighted_nt_xent",
           "barlow_twins", "vicreg", "spectral_contrastive", "sinkhorn", "swav", "dino", "negative_cosine", "n_pair",
           "triplet", "contrastive_margin", "prototypical", "alignment", "uniformity", "NTXent"]


@with_options("nt_xent")
def nt_xent(z0: Tensor, z1: Tensor, *, log_inverse_temperature: Tensor | None = None, **options: Any) -> Tensor:
    """NT-Xent, the loss of SimCLR, and its decoupled forms: two views [N, D] of N samples -> scalar.

    Each view shall be nearer to the other view of its sample than to all 2N - 2 others. Exact; the N^2
    similarities exist only as tiles, and the value does not depend on the number of threads. float32 on
    the processor runs in a kernel of Likewise; other types and devices in tiles of tensor operations.
    The number is that of SimCLR's code and of lightly's NTXentLoss, DCLLoss and DCLWLoss. It can be
    differentiated once; `nt_xent_plain` more often.

    log_inverse_temperature: a scalar tensor t; exp(t), at most 100, then stands for 1 / temperature,
        and t gets a gradient
    """
    return _core.nt_xent(z0, z1, log_inverse_temperature, False, texts(options))


@with_options("nt_xent")
def nt_xent_plain(z0: Tensor, z1: Tensor, *, log_inverse_temperature: Tensor | None = None,
                  **options: Any) -> Tensor:
    """The same as one chain of tensor operations: O(N^2) memory, any number of derivatives."""
    return _core.nt_xent(z0, z1, log_inverse_temperature, True, texts(options))


def _pairs(positive: Tensor | None, positive_key: Tensor | None, itself: Tensor | None,
           query_group: Tensor | None, key_group: Tensor | None, groups_attract: bool,
           key_log_weight: Tensor | None) -> _core.InfoNcePairs:
    pairs = _core.InfoNcePairs()
    pairs.positive, pairs.positive_key, pairs.itself = positive, positive_key, itself
    pairs.query_group, pairs.key_group, pairs.groups_attract = query_group, key_group, groups_attract
    pairs.key_log_weight = key_log_weight
    return pairs


@with_options("info_nce")
def info_nce(q: Tensor, k: Tensor, *, positive: Tensor | None = None, positive_key: Tensor | None = None,
             itself: Tensor | None = None, query_group: Tensor | None = None, key_group: Tensor | None = None,
             groups_attract: bool = True, key_log_weight: Tensor | None = None,
             log_inverse_temperature: Tensor | None = None, **options: Any) -> Tensor:
    """InfoNCE: queries [N, D] shall be nearer to their positives than to other keys [M, D] -> scalar.

    Without more, key i is the positive of query i. Exact, in O((N + M) D) memory on the processor; gradients
    for q, k, positive_key and the temperature, each where asked for: give queues and banks detached.

    >>> q, k, queue = torch.randn(3, 64, 32)
    >>> loss = info_nce(q, queue, positive_key=k, temperature=0.2)  # MoCo

    positive: int64 [N], the key that is the query's positive; -1: none
    positive_key: [N, D], positives that are not among the keys
    itself: int64 [N], the key that is the query itself and takes no part; -1: none
    query_group, key_group: int64 [N], [M], classes or sources; below 0: none
    groups_attract: keys of the query's group are positives; else they are left out
    key_log_weight: [M], added to the exponents
    """
    pairs = _pairs(positive, positive_key, itself, query_group, key_group, groups_attract, key_log_weight)
    return _core.info_nce(q, k, pairs, log_inverse_temperature, False, texts(options))


@with_options("info_nce")
def info_nce_plain(q: Tensor, k: Tensor, *, positive: Tensor | None = None, positive_key: Tensor | None = None,
                   itself: Tensor | None = None, query_group: Tensor | None = None,
                   key_group: Tensor | None = None, groups_attract: bool = True,
                   key_log_weight: Tensor | None = None, log_inverse_temperature: Tensor | None = None,
                   **options: Any) -> Tensor:
    """The same as one chain of tensor operations: O(N M) memory, any number of derivatives."""
    pairs = _pairs(positive, positive_key, itself, query_group, key_group, groups_attract, key_log_weight)
    return _core.info_nce(q, k, pairs, log_inverse_temperature, True, texts(options))


@with_options("info_nce")
def clip_loss(a: Tensor, b: Tensor, *, groups: Tensor | None = None,
              log_inverse_temperature: Tensor | None = None, **options: Any) -> Tensor:
    """CLIP's loss: the mean of both directions, row i of a and of b [N, D] belonging together. Other rows of
    a group (int64 [N]: equal captions, equal images) are no negatives."""
    return _core.clip_loss(a, b, groups, log_inverse_temperature, texts(options))


@with_options("info_nce")
def sup_con(z0: Tensor, z1: Tensor, labels: Tensor, *, log_inverse_temperature: Tensor | None = None,
            **options: Any) -> Tensor:
    """Supervised contrastive loss of two views [N, D]: positives are the other view and all rows of the same
    label (int64 [N]; below 0: unknown)."""
    return _core.sup_con(z0, z1, labels, log_inverse_temperature, texts(options))


def weighted_nt_xent(z0: Tensor, z1: Tensor, *, temperature: float = 0.5, decoupled: bool = False, tau_plus: float = 0,
                     beta: float = 0, normalize: bool = True, groups: Tensor | None = None) -> Tensor:
    """NT-Xent with corrected negatives: debiased (tau_plus), weighted by hardness (beta), without those of the
    sample's own group (int64 [N]; below 0: none). With none of these it is `nt_xent`.

    tau_plus: assumed share of false negatives (Chuang et al. 2020)
    beta: negatives weigh like exp(beta s / temperature) (Robinson et al. 2021)
    """
    return _core.weighted_nt_xent(z0, z1, groups, temperature, decoupled, tau_plus, beta, normalize)


def barlow_twins(z0: Tensor, z1: Tensor, *, off_diagonal: float = 5e-3, scale: float = 1) -> Tensor:
    """Barlow Twins: the correlations of two views [N, D] over the batch shall be the identity.

    off_diagonal: weight of the terms off the diagonal
    scale: factor of the whole (0.024 in the authors' code)
    """
    return _core.barlow_twins(z0, z1, off_diagonal, scale)


@with_options("vicreg")
def vicreg(z0: Tensor, z1: Tensor, **options: Any) -> Tensor:
    """VICReg: two views [N, D] near each other, each dimension spread, dimensions uncorrelated."""
    return _core.vicreg(z0, z1, texts(options))


def spectral_contrastive(z0: Tensor, z1: Tensor, *, mu: float = 0) -> Tensor:
    """The spectral contrastive loss of two views [N, D], in O(D^2 + N D) memory.

    mu: rows longer than its root are scaled down to it, and the loss is divided by it; 0: rows as they are
    """
    return _core.spectral_contrastive(z0, z1, mu)


def sinkhorn(scores: Tensor, *, epsilon: float = 0.05, iterations: int = 3) -> Tensor:
    """Codes of SwAV: scores [N, K] -> rows that sum to 1, columns alike; without gradient.

    >>> sinkhorn(torch.zeros(2, 4))[0, 0]
    tensor(0.2500)
    """
    return _core.sinkhorn(scores, epsilon, iterations)


def swav(scores: Sequence[Tensor], *, temperature: float = 0.1, epsilon: float = 0.05, iterations: int = 3,
         queued: Sequence[Tensor] = ()) -> Tensor:
    """SwAV: every view predicts the codes of the two large ones.

    scores: cosines with the prototypes, one [N, K] a view, the two large views first
    queued: scores [Q, K] of earlier features, one for each large view, that take part in the codes only
    """
    return _core.swav(list(scores), temperature, epsilon, iterations, list(queued))


def dino(student: Sequence[Tensor], teacher: Sequence[Tensor], centre: Tensor, *, student_temperature: float = 0.1,
         teacher_temperature: float = 0.04) -> Tensor:
    """DINO: the student's views [N, K] predict the teacher's first views, centred [K] and sharpened."""
    return _core.dino(list(student), list(teacher), centre, student_temperature, teacher_temperature)


def negative_cosine(p: Tensor, z: Tensor) -> Tensor:
    """-mean cos(p_i, z_i) of rows [N, D]; detach z for SimSiam and BYOL.

    >>> negative_cosine(torch.eye(3), torch.eye(3))
    tensor(-1.)
    """
    return _core.negative_cosine(p, z)


@with_options("n_pair")
def n_pair(anchor: Tensor, positive: Tensor, **options: Any) -> Tensor:
    """N-pair loss of N pairs of N different classes, [N, D] each, in O(N D) memory."""
    return _core.n_pair(anchor, positive, texts(options))


@with_options("triplet")
def triplet(z: Tensor, labels: Tensor, **options: Any) -> Tensor:
    """Triplet loss with mining in the batch: z [N, D], labels int64 [N] (below 0: no positives)."""
    return _core.triplet(z, labels, texts(options))


@with_options("contrastive_margin")
def contrastive_margin(z: Tensor, labels: Tensor, **options: Any) -> Tensor:
    """Contrastive loss on distances: pairs of a label near, others at least a margin apart. z [N, D], labels [N]."""
    return _core.contrastive_margin(z, labels, texts(options))


def prototypical(support: Tensor, query: Tensor, *, temperature: float = 0) -> Tensor:
    """Cross-entropy of queries [W, Q, D] against the means of their W classes' supports [W, S, D].

    temperature: 0: squared Euclidean distances, as in the paper; else cosines divided by it
    """
    return _core.prototypical(support, query, temperature)


class NTXent(nn.Module):
    """`nt_xent` as a module; with `learned=True` its temperature is a parameter.

    >>> criterion = NTXent(temperature=0.1, learned=True)
    >>> round(float(criterion.temperature), 6)
    0.1
    """

    log_inverse_temperature: nn.Parameter | None

    @with_options("nt_xent")
    def __init__(self, *, learned: bool = False, **options: Any) -> None:
        """learned: the temperature is a parameter that starts at `temperature`"""
        super().__init__()
        self.options = options
        start = torch.tensor(-math.log(options.get("temperature", 0.5)))
        self.log_inverse_temperature = nn.Parameter(start) if learned else None

    @property
    def temperature(self) -> float:
        """The temperature of now."""
        if self.log_inverse_temperature is None:
            return float(self.options.get("temperature", 0.5))
        return math.exp(-float(self.log_inverse_temperature))

    def forward(self, z0: Tensor, z1: Tensor) -> Tensor:
        return nt_xent(z0, z1, log_inverse_temperature=self.log_inverse_temperature, **self.options)

    def extra_repr(self) -> str:
        return ", ".join(f"{k}={v}" for k, v in self.options.items())


def alignment(x: Tensor, y: Tensor, alpha: float = 2) -> Tensor:
    """How far apart the views of a sample are: mean |x_i - y_i|^alpha of normalised rows, [N, D] each."""
    return _core.alignment(x, y, alpha)


def uniformity(x: Tensor, t: float = 2) -> Tensor:
    """How evenly rows [N, D] fill the sphere: log of the mean over pairs of exp(-t |x_i - x_j|^2).

    >>> uniformity(torch.eye(4)) < uniformity(torch.ones(4, 4))
    tensor(True)
    """
    return _core.uniformity(x, t)
