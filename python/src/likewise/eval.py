"""What frozen features are worth. Everything takes NumPy arrays or tensors; labels of -1 are unknown.

>>> import torch
>>> from likewise import eval as evaluation
>>> y = torch.arange(300) % 3
>>> x = torch.eye(3)[y] + 0.1 * torch.randn(300, 3, generator=torch.Generator().manual_seed(0))
>>> evaluation.knn_accuracy(x[:200], y[:200], x[200:], y[200:], k=5)
1.0
>>> evaluation.linear_probe(x[:200], y[:200]).accuracy(x[200:], y[200:])
1.0
"""
from __future__ import annotations

from typing import Any, NamedTuple, Sequence

from torch import Tensor

from . import _core
from ._arrays import as_tensor
from ._options import texts, with_options

__all__ = [
    "knn_accuracy", "knn_predict", "knn_scores", "linear_probe", "LinearProbe", "few_label", "FewLabelRow",
    "episodes", "Accuracy", "classification_scores", "fit_temperature", "health", "alignment", "uniformity",
    "spectrum", "effective_rank", "rankme", "pca", "tsne", "SearchIndex", "Neighbours", "neighbours",
    "near_duplicates", "kmeans", "Clusters", "suggest", "fit_novelty", "Novelty",
]


@with_options("knn")
def knn_accuracy(x: Any, y: Any, test_x: Any, test_y: Any, **options: Any) -> float:
    """Share of test rows that a vote of the nearest labelled rows names rightly: weighted by
    exp(cosine / temperature), Wu et al. 2018. x [N, D], y [N]."""
    return _core.knn_accuracy(as_tensor(x), as_tensor(y), as_tensor(test_x), as_tensor(test_y), texts(options))


@with_options("knn")
def knn_predict(x: Any, y: Any, test_x: Any, **options: Any) -> Tensor:
    """The class of the largest vote: int64 [M]."""
    return _core.knn_predict(as_tensor(x), as_tensor(y), as_tensor(test_x), texts(options))


@with_options("knn")
def knn_scores(x: Any, y: Any, test_x: Any, **options: Any) -> Tensor:
    """The votes of every class: double [M, K]."""
    return _core.knn_scores(as_tensor(x), as_tensor(y), as_tensor(test_x), texts(options))


class LinearProbe:
    """A fitted linear classifier; made by `linear_probe`."""

    def __init__(self, core: _core.LinearProbe) -> None:
        self._core = core

    def logits(self, x: Any) -> Tensor:
        """float32 [N, K]"""
        return self._core.logits(as_tensor(x))

    def probabilities(self, x: Any) -> Tensor:
        """float32 [N, K], rows sum to one"""
        return self._core.probabilities(as_tensor(x))

    def predict(self, x: Any) -> Tensor:
        """int64 [N]"""
        return self._core.predict(as_tensor(x))

    def accuracy(self, x: Any, y: Any) -> float:
        """Share of the labelled rows that it names rightly."""
        return self._core.accuracy(as_tensor(x), as_tensor(y))

    @property
    def weight(self) -> Tensor:
        """double [D, K]: logits = (x - mean) / std @ weight + bias"""
        return self._core.weight

    @property
    def bias(self) -> Tensor:
        """double [K]"""
        return self._core.bias

    @property
    def mean(self) -> Tensor:
        """double [D], of the training rows"""
        return self._core.mean

    @property
    def std(self) -> Tensor:
        """double [D], of the training rows"""
        return self._core.std

    @property
    def penalty(self) -> float:
        """The L2 penalty that was chosen."""
        return self._core.penalty

    @property
    def trials(self) -> list[dict[str, float]]:
        """Every penalty tried: penalty, accuracy, negative_log_likelihood on held-out training rows."""
        return self._core.trials

    @property
    def note(self) -> str:
        """What a reader should know, or empty."""
        return self._core.note


@with_options("linear_probe")
def linear_probe(x: Any, y: Any, **options: Any) -> LinearProbe:
    """Multinomial logistic regression on x [N, D], y [N], to its minimum. The penalty is chosen on a part of
    the training labels and the classifier refitted on all: no test label is seen."""
    return LinearProbe(_core.linear_probe(as_tensor(x), as_tensor(y), texts(options)))


class Accuracy(NamedTuple):
    """A mean with the half width of its 95 % interval, and what it is the mean of."""

    mean: float
    half_width: float
    values: list[float]


class FewLabelRow(NamedTuple):
    """Accuracy with so many labels a class; `skipped` says why there is none, or is empty."""

    labels_per_class: int
    accuracy: Accuracy
    skipped: str


@with_options("few_label")
def few_label(x: Any, y: Any, test_x: Any, test_y: Any, **options: Any) -> list[FewLabelRow]:
    """Accuracy of a linear classifier fitted on k labels a class, over many draws of them."""
    rows = _core.few_label(as_tensor(x), as_tensor(y), as_tensor(test_x), as_tensor(test_y), texts(options))
    return [FewLabelRow(r["labels_per_class"], Accuracy(r["accuracy"], r["half_width"], r["draws"]),
                        r["skipped"]) for r in rows]


@with_options("episodes")
def episodes(x: Any, y: Any, **options: Any) -> Accuracy:
    """N-way K-shot episodes by the nearest normalised mean (prototypes with cosine)."""
    r = _core.episodes(as_tensor(x), as_tensor(y), texts(options))
    return Accuracy(r["accuracy"], r["half_width"], r["episodes"])


def classification_scores(probabilities: Any, labels: Any) -> dict[str, Any]:
    """Accuracy, balanced accuracy, F1, kappa, likelihood, calibration error, AUROC, recalls, confusion."""
    return _core.classification_scores(as_tensor(probabilities), as_tensor(labels))


def fit_temperature(logits: Any, labels: Any) -> float:
    """The temperature that makes held-out probabilities softmax(logits / T) likeliest."""
    return _core.fit_temperature(as_tensor(logits), as_tensor(labels))


def health(features: Any, z0: Any, z1: Any) -> dict[str, Any]:
    """Is a representation healthy? From features [N, D] and projections [N, d] of two views of N samples:
    ranks, deviations, alignment, uniformity, cosines, retrieval, and `verdict`, a sentence that names
    the trouble or says "healthy"."""
    figures, verdict = _core.health(as_tensor(features), as_tensor(z0), as_tensor(z1))
    return {**figures, "verdict": verdict}


def alignment(x: Any, y: Any) -> float:
    """Mean |x_i - y_i|^2 of normalised rows, in double: 0 when pairs coincide, 2 when unrelated.

    >>> alignment([[1.0, 0.0]], [[0.0, 2.0]])
    2.0
    """
    return _core.sphere_alignment(as_tensor(x), as_tensor(y))


def uniformity(x: Any) -> float:
    """log of the mean over pairs of exp(-2 |x_i - x_j|^2) of normalised rows, in double."""
    return _core.sphere_uniformity(as_tensor(x))


def spectrum(x: Any) -> dict[str, float]:
    """How many directions features [N, D] use: rankme, effective_rank, participation_ratio."""
    return _core.spectrum(as_tensor(x))


def effective_rank(x: Any) -> float:
    """exp of the entropy of the normalised singular values (Roy and Vetterli 2007).

    >>> import torch
    >>> round(effective_rank(torch.eye(8)), 6)
    8.0
    """
    return spectrum(x)["effective_rank"]


def rankme(x: Any) -> float:
    """The same with 1e-7 added, as RankMe (Garrido et al. 2023) defines it."""
    return spectrum(x)["rankme"]


def pca(x: Any, k: int) -> Tensor:
    """Coordinates along the k directions of the largest variance: [N, k]."""
    return _core.pca(as_tensor(x), k)


@with_options("tsne")
def tsne(x: Any, **options: Any) -> Tensor:
    """A map of x [N, D] in the plane, [N, 2], in which near rows stay near. Without chance."""
    return _core.tsne(as_tensor(x), texts(options))


class Neighbours(NamedTuple):
    """Nearest first: scores float32 [Q, k], indices int64 [Q, k]."""

    scores: Tensor
    indices: Tensor


class SearchIndex:
    """Exact nearest rows of `base` [N, D] by "cosine", "inner" (product) or "l2" (squared distance).

    >>> import torch
    >>> index = SearchIndex(torch.eye(4))
    >>> index.search(torch.tensor([[0.1, 0.9, 0.0, 0.0]]), k=2).indices
    tensor([[1, 0]])
    """

    def __init__(self, base: Any, metric: str = "cosine") -> None:
        self._base, self.metric = as_tensor(base), metric
        _core.top_k(self._base[:1], self._base[:1], 1, metric)  # errors come here, not at the first search

    def __len__(self) -> int:
        return self._base.size(0)

    def search(self, queries: Any, k: int = 10) -> Neighbours:
        """The k nearest rows for every row of `queries` [Q, D]."""
        return Neighbours(*_core.top_k(as_tensor(queries), self._base, k, self.metric))


def neighbours(x: Any, k: int = 10, metric: str = "cosine") -> Neighbours:
    """The k nearest other rows of every row of x [N, D]."""
    return Neighbours(*_core.top_k_others(as_tensor(x), k, metric))


def near_duplicates(x: Any, threshold: float = 0.95) -> list[list[int]]:
    """Groups of rows that are linked by cosines above the threshold.

    >>> near_duplicates([[1.0, 0.0], [0.0, 1.0], [1.0, 0.01]])
    [[0, 2]]
    """
    return _core.near_duplicates(as_tensor(x), threshold)


class Clusters(NamedTuple):
    """centres double [K, D], labels int64 [N], inertia: the sum of squared distances."""

    centres: Tensor
    labels: Tensor
    inertia: float


@with_options("kmeans")
def kmeans(x: Any, **options: Any) -> Clusters:
    """k-means from k-means++ starts."""
    return Clusters(*_core.kmeans(as_tensor(x), texts(options)))


@with_options("suggest")
def suggest(x: Any, labelled: Sequence[int] = (), **options: Any) -> tuple[list[int], list[float]]:
    """Rows whose labels will teach a classifier most, best first, and their scores."""
    return _core.suggest(as_tensor(x), list(labelled), texts(options))


class Novelty:
    """How unusual rows are beside the training rows; made by `fit_novelty`."""

    def __init__(self, core: _core.Novelty) -> None:
        self._core = core

    def distance(self, x: Any) -> Tensor:
        """1 - cosine to the k-th nearest training row: double [N]"""
        return self._core.distance(as_tensor(x))

    def score(self, x: Any) -> Tensor:
        """Share of training rows that lie nearer to their neighbours: double [N] in 0..1"""
        return self._core.score(as_tensor(x))


@with_options("novelty")
def fit_novelty(x: Any, **options: Any) -> Novelty:
    """Learns from training features [N, D] what is usual."""
    return Novelty(_core.fit_novelty(as_tensor(x), texts(options)))
