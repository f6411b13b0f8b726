# Made by tools/stubs.py from eval.py and the option table.
from typing import Any, NamedTuple, Sequence
from torch import Tensor
from . import _core
from ._arrays import as_tensor
from ._options import texts, with_options
__all__ = ['knn_accuracy', 'knn_predict', 'knn_scores', 'linear_probe', 'LinearProbe', 'few_label', 'FewLabelRow', 'episodes', 'Accuracy', 'classification_scores', 'fit_temperature', 'health', 'alignment', 'uniformity', 'spectrum', 'effective_rank', 'rankme', 'pca', 'tsne', 'SearchIndex', 'Neighbours', 'neighbours', 'near_duplicates', 'kmeans', 'Clusters', 'suggest', 'fit_novelty', 'Novelty']

def knn_accuracy(x: Any, y: Any, test_x: Any, test_y: Any, *, k: int=200, temperature: float=0.1) -> float:
    ...

def knn_predict(x: Any, y: Any, test_x: Any, *, k: int=200, temperature: float=0.1) -> Tensor:
    ...

def knn_scores(x: Any, y: Any, test_x: Any, *, k: int=200, temperature: float=0.1) -> Tensor:
    ...

class LinearProbe:

    def __init__(self, core: _core.LinearProbe) -> None:
        ...

    def logits(self, x: Any) -> Tensor:
        ...

    def probabilities(self, x: Any) -> Tensor:
        ...

    def predict(self, x: Any) -> Tensor:
        ...

    def accuracy(self, x: Any, y: Any) -> float:
        ...

    @property
    def weight(self) -> Tensor:
        ...

    @property
    def bias(self) -> Tensor:
        ...

    @property
    def mean(self) -> Tensor:
        ...

    @property
    def std(self) -> Tensor:
        ...

    @property
    def penalty(self) -> float:
        ...

    @property
    def trials(self) -> list[dict[str, float]]:
        ...

    @property
    def note(self) -> str:
        ...

def linear_probe(x: Any, y: Any, *, protocol: str='lbfgs', penalty_low: float=1e-06, penalty_high: float=10.0, penalty_count: int=8, held_out: float=0.2, max_iterations: int=300, tolerance: float=0.0001, epochs: int=100, batch: int=256, base_rate: float=0.1, seed: int=0) -> LinearProbe:
    ...

class Accuracy(NamedTuple):
    mean: float
    half_width: float
    values: list[float]

class FewLabelRow(NamedTuple):
    labels_per_class: int
    accuracy: Accuracy
    skipped: str

def few_label(x: Any, y: Any, test_x: Any, test_y: Any, *, labels_per_class: Sequence[int]=[1, 5, 10, 50], draws: int=10, penalty: float=0.01, max_iterations: int=200, tolerance: float=0.0001, seed: int=0) -> list[FewLabelRow]:
    ...

def episodes(x: Any, y: Any, *, ways: int=5, shots: int=1, queries: int=15, episodes: int=1000, seed: int=0) -> Accuracy:
    ...

def classification_scores(probabilities: Any, labels: Any) -> dict[str, Any]:
    ...

def fit_temperature(logits: Any, labels: Any) -> float:
    ...

def health(features: Any, z0: Any, z1: Any) -> dict[str, Any]:
    ...

def alignment(x: Any, y: Any) -> float:
    ...

def uniformity(x: Any) -> float:
    ...

def spectrum(x: Any) -> dict[str, float]:
    ...

def effective_rank(x: Any) -> float:
    ...

def rankme(x: Any) -> float:
    ...

def pca(x: Any, k: int) -> Tensor:
    ...

def tsne(x: Any, *, perplexity: float=30.0, steps: int=750, early_steps: int=250, exaggeration: float=12.0, theta: float=0.5, dims: int=50) -> Tensor:
    ...

class Neighbours(NamedTuple):
    scores: Tensor
    indices: Tensor

class SearchIndex:
    metric: str

    def __init__(self, base: Any, metric: str='cosine') -> None:
        ...

    def __len__(self) -> int:
        ...

    def search(self, queries: Any, k: int=10) -> Neighbours:
        ...

def neighbours(x: Any, k: int=10, metric: str='cosine') -> Neighbours:
    ...

def near_duplicates(x: Any, threshold: float=0.95) -> list[list[int]]:
    ...

class Clusters(NamedTuple):
    centres: Tensor
    labels: Tensor
    inertia: float

def kmeans(x: Any, *, clusters: int=10, max_iterations: int=100, restarts: int=1, seed: int=0) -> Clusters:
    ...

def suggest(x: Any, labelled: Sequence[int]=(), *, strategy: str='typical', count: int=10, neighbours: int=20, seed: int=0) -> tuple[list[int], list[float]]:
    ...

class Novelty:

    def __init__(self, core: _core.Novelty) -> None:
        ...

    def distance(self, x: Any) -> Tensor:
        ...

    def score(self, x: Any) -> Tensor:
        ...

def fit_novelty(x: Any, *, k: int=1, max_rows: int=20000, seed: int=0) -> Novelty:
    ...
