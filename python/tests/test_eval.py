import numpy as np
import pytest
import torch
import torch.nn.functional as F

import likewise
from likewise import eval as evaluation


def split(blobs):
    x, y = blobs
    return x[:400], y[:400], x[400:], y[400:]


def test_knn_is_the_vote_written_out(blobs):
    x, y, test, truth = split(blobs)
    cosines = F.normalize(test.double()) @ F.normalize(x.double()).T
    near = cosines.topk(7)
    votes = torch.zeros(len(test), 3, dtype=torch.double)
    votes.scatter_add_(1, y[near.indices], (near.values / 0.1).exp())
    assert torch.allclose(evaluation.knn_scores(x, y, test, k=7), votes, rtol=1e-4)
    assert torch.equal(evaluation.knn_predict(x, y, test, k=7), votes.argmax(1))
    assert evaluation.knn_accuracy(x, y, test, truth, k=7) == float((votes.argmax(1) == truth).double().mean())


def test_arrays_lists_and_tensors_are_alike(blobs):
    x, y, test, truth = split(blobs)
    expected = evaluation.knn_accuracy(x, y, test, truth)
    assert evaluation.knn_accuracy(x.numpy(), y.numpy(), test.numpy(), truth.tolist()) == expected
    assert evaluation.knn_accuracy(x.double(), y.int(), test.requires_grad_(), truth) == expected


def test_linear_probe(blobs):
    x, y, test, truth = split(blobs)
    probe = evaluation.linear_probe(x, y)
    logits = (test.double() - probe.mean) / probe.std @ probe.weight + probe.bias
    assert torch.allclose(probe.logits(test).double(), logits, atol=1e-4)
    assert torch.allclose(probe.probabilities(test).double(), logits.softmax(1), atol=1e-5)
    assert torch.equal(probe.predict(test), logits.argmax(1))
    assert probe.accuracy(test, truth) == float((logits.argmax(1) == truth).double().mean()) > 0.95
    assert probe.penalty in [t["penalty"] for t in probe.trials] and probe.note == ""


def test_the_probe_is_at_the_minimum(blobs):
    x, y, *_ = split(blobs)
    probe = evaluation.linear_probe(x, y, penalty_low=0.1, penalty_high=0.1, penalty_count=1, tolerance=1e-9)
    w, b = probe.weight.clone().requires_grad_(), probe.bias.clone().requires_grad_()
    z = (x.double() - probe.mean) / probe.std
    (F.cross_entropy(z @ w + b, y) + 0.05 * (w ** 2).sum()).backward()
    assert w.grad.abs().max() < 1e-5 and b.grad.abs().max() < 1e-5


def test_few_labels(blobs):
    rows = evaluation.few_label(*split(blobs), labels_per_class=[1, 5, 1000], draws=4)
    assert [r.labels_per_class for r in rows] == [1, 5, 1000]
    assert rows[2].skipped and not rows[0].skipped
    values = np.array(rows[1].accuracy.values)
    assert len(values) == 4 and rows[1].accuracy.mean == pytest.approx(values.mean())
    assert rows[1].accuracy.half_width == pytest.approx(3.182446 * values.std(ddof=1) / 2, rel=1e-5, abs=1e-12)


def test_episodes(blobs):
    result = evaluation.episodes(*blobs, ways=3, episodes=20)
    assert result.mean > 0.8 and len(result.values) == 20


def test_search_is_exact(blobs):
    x, y, test, truth = split(blobs)
    for metric, scores in {
        "cosine": F.normalize(test) @ F.normalize(x).T, "inner": test @ x.T, "l2": -torch.cdist(test, x) ** 2,
    }.items():
        index = evaluation.SearchIndex(x, metric)
        found = index.search(test, k=5)
        assert len(index) == 400 and found.indices.shape == (200, 5)
        assert torch.equal(found.indices, scores.topk(5).indices), metric
    others = evaluation.neighbours(x, k=3).indices
    assert not (others == torch.arange(400)[:, None]).any()
    with pytest.raises(likewise.UserError, match="metric"):
        evaluation.SearchIndex(x, "manhattan")
    with pytest.raises(likewise.UserError, match="finite"):
        evaluation.SearchIndex(x).search(torch.full((1, 16), torch.nan))


def test_figures_of_known_features():
    x = torch.eye(16)
    assert evaluation.effective_rank(x) == pytest.approx(16)
    assert evaluation.rankme(x) == pytest.approx(16, rel=1e-4)
    assert evaluation.spectrum(torch.ones(10, 4))["effective_rank"] == pytest.approx(1, abs=1e-6)
    assert evaluation.uniformity(x) == pytest.approx(-4)
    assert evaluation.alignment(x, 3 * x) == pytest.approx(0, abs=1e-12)


def test_health(blobs):
    x, _ = blobs
    noisy = x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    figures = evaluation.health(x, x, noisy)
    assert figures["samples"] == 600 and figures["feature_rank"] == pytest.approx(evaluation.rankme(x))
    assert figures["alignment"] == pytest.approx(evaluation.alignment(x, noisy))
    collapsed = evaluation.health(torch.ones(50, 4), torch.ones(50, 4), torch.ones(50, 4))
    assert "collapse" in collapsed["verdict"]


def test_maps(blobs):
    x, y = blobs
    place = evaluation.tsne(x, steps=150, early_steps=50)
    assert place.shape == (600, 2) and torch.isfinite(place).all()
    assert evaluation.knn_accuracy(place[:400], y[:400], place[400:], y[400:], k=5) > 0.9
    centred = (x - x.mean(0)).double()
    variances = torch.linalg.svdvals(centred) ** 2
    assert torch.allclose(evaluation.pca(x, 3).double().pow(2).sum(0), variances[:3], rtol=1e-4)


def test_groups(blobs):
    x, y = blobs
    clusters = evaluation.kmeans(x, clusters=3)
    assert all(len(set(clusters.labels[y == c].tolist())) == 1 for c in range(3))
    assert clusters.inertia == pytest.approx(
        float(((x.double() - clusters.centres[clusters.labels]) ** 2).sum()), rel=1e-5)
    assert evaluation.near_duplicates(torch.cat([x, x[:2]]), 0.9999) == [[0, 600], [1, 601]]
    rows, scores = evaluation.suggest(x, count=3)
    assert len(rows) == len(scores) == 3 and len({int(y[r]) for r in rows}) == 3
    novelty = evaluation.fit_novelty(x[:400])
    assert novelty.score(-50 * torch.ones(1, 16)).item() > novelty.score(x[400:]).mean()


def test_scores():
    p = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    found = evaluation.classification_scores(p, [0, 1, 1, 1])
    assert found["accuracy"] == 0.75 and found["auroc"] == 1.0
    assert evaluation.fit_temperature(torch.tensor([[2.0, 0], [2, 0], [2, 0], [0, 2]]), [0, 0, 1, 1]) == pytest.approx(
        2 / np.log(3), rel=1e-6)


@pytest.mark.parametrize("call, word", [
    (lambda: evaluation.knn_accuracy(torch.zeros(3), [0], torch.zeros(3), [0]), "rows"),
    (lambda: evaluation.knn_accuracy(torch.ones(3, 2), [-1] * 3, torch.ones(3, 2), [0] * 3), "labelled"),
    (lambda: evaluation.linear_probe(torch.ones(3, 2), [0, 1]), "3"),
    (lambda: evaluation.tsne(torch.ones(3, 2), perplexty=3), "perplexity"),
    (lambda: evaluation.pca(torch.ones(3, 2), 5), "5"),
])
def test_mistakes_are_told(call, word):
    with pytest.raises(likewise.UserError) as error:
        call()
    assert word in str(error.value), str(error.value)
