import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

import likewise
from likewise import losses
from likewise.losses import nt_xent, nt_xent_plain


def reference(z0, z1, temperature=0.5, decoupled=False, sigma=0.0, normalize=True):
    """The definition, with the whole matrix."""
    z = torch.cat([z0, z1])
    if normalize:
        z = F.normalize(z)
    n = len(z0)
    s = z @ z.T / temperature
    me, other = torch.arange(2 * n), (torch.arange(2 * n) + n) % (2 * n)
    positive = s[me, other]
    out = torch.eye(2 * n, dtype=torch.bool)
    if decoupled:
        out[me, other] = True
    denominator = s.masked_fill(out, -torch.inf).logsumexp(1)
    if decoupled and sigma:
        share = (positive.detach()[:n] * temperature / sigma).softmax(0)
        positive = positive * (2 - n * share).repeat(2)
    return (denominator - positive).mean()


CASES = [{}, {"temperature": 0.07}, {"normalize": False, "temperature": 5}, {"decoupled": True},
         {"decoupled": True, "decoupled_sigma": 0.5}]


def pair(n, d, dtype=torch.float32):
    generator = torch.Generator().manual_seed(n + d)
    return [torch.randn(n, d, generator=generator, dtype=dtype).requires_grad_() for _ in range(2)]


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("n, d", [(2, 1), (7, 3), (130, 17), (300, 128)])
def test_value_and_gradient_are_the_definitions(options, n, d):
    z = pair(n, d)
    loss = nt_xent(*z, **options)
    gradients = torch.autograd.grad(loss, z)
    wide = [x.detach().double().requires_grad_() for x in z]
    names = {"decoupled_sigma": "sigma"}
    expected = reference(*wide, **{names.get(k, k): v for k, v in options.items()})
    assert float(loss) == pytest.approx(float(expected), rel=2e-6, abs=2e-6)
    for got, want in zip(gradients, torch.autograd.grad(expected, wide)):
        assert torch.allclose(got.double(), want, rtol=1e-3, atol=2e-6 * max(1.0, float(want.abs().max())))


def test_gradient_by_differences():
    z = pair(5, 4, torch.float64)
    t = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b, t: nt_xent(a, b, log_inverse_temperature=t), (*z, t))
    assert torch.autograd.gradgradcheck(lambda a, b: nt_xent_plain(a, b), z)


def test_it_sits_inside_a_larger_graph():
    torch.manual_seed(0)
    net = torch.nn.Linear(6, 4)
    x = torch.randn(2, 9, 6)
    (3 * nt_xent(net(x[0]), net(x[1])) + net.weight.sum()).backward()
    mine = net.weight.grad.clone()
    net.zero_grad()
    (3 * reference(net(x[0]), net(x[1])) + net.weight.sum()).backward()
    assert torch.allclose(mine, net.weight.grad, atol=1e-5)


def test_threads_do_not_change_a_bit():
    z = pair(700, 64)
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            loss = nt_xent(*z, temperature=0.1)
            results.append([loss, *torch.autograd.grad(loss, z)])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for other in results[1:] for a, b in zip(results[0], other))


def test_the_module_learns_its_temperature():
    criterion = losses.NTXent(temperature=0.1, learned=True)
    assert criterion.temperature == pytest.approx(0.1)
    z = pair(20, 8)
    criterion(*z).backward()
    assert criterion.log_inverse_temperature.grad.abs() > 0
    assert len(list(criterion.parameters())) == 1 and not list(losses.NTXent().parameters())
    assert float(criterion(*z)) == pytest.approx(float(nt_xent(*z, temperature=0.1)), rel=1e-6)
    fixed = losses.NTXent(temperature=0.3, decoupled=True)
    assert float(fixed(*z)) == float(nt_xent(*z, temperature=0.3, decoupled=True))


def test_the_training_curve_is_autograds():
    """An ordinary loop, once with each loss; everything else equal."""

    def train(loss_of):
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.ReLU(), torch.nn.Linear(64, 16))
        optimiser = torch.optim.SGD(net.parameters(), 0.2, momentum=0.9)
        generator = torch.Generator().manual_seed(1)
        data = torch.randn(512, 32, generator=generator)
        curve = []
        for step in range(60):
            rows = torch.randint(0, 512, (128,), generator=generator)
            x = [data[rows] + 0.3 * torch.randn(128, 32, generator=generator) for _ in range(2)]
            loss = loss_of(net(x[0]), net(x[1]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            curve.append(float(loss))
        return torch.tensor(curve)

    mine, autograds = train(lambda a, b: nt_xent(a, b, temperature=0.2)), train(lambda a, b: reference(a, b, 0.2))
    assert mine[-1] < mine[0] - 0.5  # it did learn
    assert torch.allclose(mine[:10], autograds[:10], atol=1e-5)
    assert torch.allclose(mine, autograds, atol=2e-3)


def test_memory_of_a_large_batch():
    """B = 16,384, d = 128: the matrix alone would be 4.3 GB."""
    code = """
import torch
from likewise.losses import nt_xent
z = torch.randn(2, 16384, 128)
z0, z1 = z[0].clone().requires_grad_(), z[1].clone().requires_grad_()
nt_xent(z0[:64], z1[:64]).backward()
def kilobytes(name):
    return next(int(x.split()[1]) for x in open("/proc/self/status") if x.startswith(name + ":"))
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew: loading torch took more
before = kilobytes("VmRSS")
nt_xent(z0, z1).backward()
print((kilobytes("VmHWM") - before) / 1024)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 1 < float(out) < 200


def test_alignment_and_uniformity():
    x, y = (F.normalize(z.detach().double()) for z in pair(50, 8))
    assert float(losses.alignment(x, y)) == pytest.approx(float(((x - y) ** 2).sum(1).mean()), rel=1e-9)
    squares = torch.pdist(x) ** 2
    assert float(losses.uniformity(x)) == pytest.approx(float((-2 * squares).exp().mean().log()), rel=1e-9)
    z = pair(50, 8)
    (losses.alignment(*z) + losses.uniformity(z[0])).backward()
    assert z[0].grad.abs().sum() > 0


def masked(q, k, positives, allowed, temperature=0.1):
    """InfoNCE with the whole matrix: positives and allowed are bool [N, M]."""
    s = F.normalize(q) @ F.normalize(k).T / temperature
    pulled = (s * positives).sum(1) / positives.sum(1)
    return (s.masked_fill(~allowed, -torch.inf).logsumexp(1) - pulled).mean()


def check_both(loss, expected, inputs):
    assert float(loss) == pytest.approx(float(expected), rel=1e-5, abs=1e-6)
    for got, want in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(expected, inputs)):
        assert torch.allclose(got, want, rtol=1e-3, atol=1e-5)


def test_info_nce_with_a_queue():
    q, k = pair(20, 16)
    queue = torch.randn(70, 16, generator=torch.Generator().manual_seed(5))
    s = torch.cat([(F.normalize(q) * F.normalize(k)).sum(1, True), F.normalize(q) @ F.normalize(queue).T], 1) / 0.2
    expected = F.cross_entropy(s, torch.zeros(20, dtype=torch.long))
    check_both(losses.info_nce(q, queue, positive_key=k, temperature=0.2), expected, [q, k])
    assert float(losses.info_nce_plain(q, queue, positive_key=k, temperature=0.2)) == pytest.approx(
        float(expected), rel=1e-5)


def test_info_nce_with_groups():
    q, k = pair(30, 8)
    group = torch.arange(30) % 7
    same, me = group[:, None] == group, torch.eye(30, dtype=torch.bool)
    everything = torch.ones_like(same)
    check_both(losses.info_nce(q, k, query_group=group, key_group=group), masked(q, k, same, everything), [q, k])
    check_both(losses.info_nce(q, k, positive=torch.arange(30), query_group=group, key_group=group,
                               groups_attract=False), masked(q, k, me, ~same | me), [q, k])


def test_clip_and_sup_con():
    a, b = pair(25, 8)
    me = torch.eye(25, dtype=torch.bool)
    both = (masked(a, b, me, torch.ones_like(me)) + masked(b, a, me, torch.ones_like(me))) / 2
    check_both(losses.clip_loss(a, b), both, [a, b])
    labels = torch.arange(25) % 4
    z, y = torch.cat([a, b]), labels.repeat(2)
    other = ~torch.eye(50, dtype=torch.bool)
    check_both(losses.sup_con(a, b, labels), masked(z, z, (y[:, None] == y) & other, other), [a, b])


@pytest.mark.parametrize("call, word", [
    (lambda: nt_xent(torch.zeros(3, 4), torch.zeros(4, 4)), "[3, 4] and [4, 4]"),
    (lambda: nt_xent(torch.zeros(3, 4), torch.zeros(3, 4, dtype=torch.double)), "type"),
    (lambda: nt_xent(torch.ones(3, 4), torch.ones(3, 4), temperature=0), "temperature"),
    (lambda: nt_xent(torch.ones(3, 4), torch.ones(3, 4), temprature=1), "temperature"),
    (lambda: nt_xent(torch.ones(1, 4), torch.ones(1, 4), decoupled=True), "at least 2"),
])
def test_mistakes_are_told(call, word):
    with pytest.raises(likewise.UserError) as error:
        call()
    assert word in str(error.value), str(error.value)
    with pytest.raises(TypeError):
        nt_xent([1.0], [2.0])


def test_corrected_negatives_reduce_to_nt_xent_and_leave_groups_out():
    z0, z1 = pair(40, 16)
    assert float(losses.weighted_nt_xent(z0, z1)) == pytest.approx(float(nt_xent(z0, z1)), rel=1e-5)
    alone = torch.zeros(40, dtype=torch.long)  # one group: nobody is anybody's negative
    assert float(losses.weighted_nt_xent(z0, z1, groups=alone)) == pytest.approx(0, abs=1e-6)


def test_losses_on_dimensions_are_their_formulas():
    z0, z1 = pair(64, 8, torch.float64)
    b0, b1 = [(z - z.mean(0)) / (z.var(0, unbiased=False) + 1e-5).sqrt() for z in (z0, z1)]
    c = b0.T @ b1 / 64
    diagonal = torch.eye(8, dtype=torch.bool)
    expected = (1 - c[diagonal]).square().sum() + 0.02 * c[~diagonal].square().sum()
    assert float(losses.barlow_twins(z0, z1, off_diagonal=0.02)) == pytest.approx(float(expected), rel=1e-9)

    def spread(z):
        return F.relu(1 - (z.var(0) + 1e-4).sqrt()).mean()

    def mixed(z):
        return torch.cov(z.T)[~diagonal].square().sum() / 8

    expected = 25 * F.mse_loss(z0, z1) + 25 * (spread(z0) + spread(z1)) / 2 + mixed(z0) + mixed(z1)
    assert float(losses.vicreg(z0, z1)) == pytest.approx(float(expected), rel=1e-9)
    s = z0 @ z1.T
    expected = -2 * s.diagonal().mean() + s[~torch.eye(64, dtype=torch.bool)].square().mean()
    assert float(losses.spectral_contrastive(z0, z1)) == pytest.approx(float(expected), rel=1e-9)


def test_metric_losses_are_their_formulas():
    z0, z1 = pair(6, 5, torch.float64)
    expected = F.cross_entropy(z0 @ z1.T, torch.arange(6))
    assert float(losses.n_pair(z0, z1, l2_weight=0)) == pytest.approx(float(expected), rel=1e-9)
    z = torch.cat([z0, z1])
    labels = torch.arange(6).repeat(2)
    d = torch.cdist(z, z)
    same = labels[:, None] == labels[None]
    expected = F.relu(d.masked_fill(~same, 0).amax(1) - d.masked_fill(same, torch.inf).amin(1) + 9).mean()
    got = losses.triplet(z, labels, mining="batch_hard", margin=9, squared=False, normalize=False)
    assert float(got) == pytest.approx(float(expected), rel=1e-6)
    i, j = torch.triu_indices(12, 12, 1)
    expected = torch.where(same[i, j], d[i, j].square(), F.relu(2 - d[i, j]).square()).mean() / 2
    got = losses.contrastive_margin(z, labels, margin=2, normalize=False)
    assert float(got) == pytest.approx(float(expected), rel=1e-6)


def test_teachers_and_prototypes_are_their_formulas():
    a, b = pair(32, 12, torch.float64)
    codes = losses.sinkhorn(a, epsilon=0.5, iterations=200)
    assert torch.allclose(codes.sum(1), torch.ones(32, dtype=torch.float64))
    assert torch.allclose(codes.sum(0), torch.full((12,), 32 / 12, dtype=torch.float64), rtol=1e-6)
    p, q = [losses.sinkhorn(s) for s in (a, b)]
    expected = -((p * (b / 0.1).log_softmax(1)).sum(1).mean() + (q * (a / 0.1).log_softmax(1)).sum(1).mean()) / 2
    assert float(losses.swav([a, b])) == pytest.approx(float(expected), rel=1e-6)
    centre = torch.zeros(12, dtype=torch.float64)
    t = (a / 0.04).softmax(1), (b / 0.04).softmax(1)
    expected = -((t[0] * (b / 0.1).log_softmax(1)).sum(1).mean() + (t[1] * (a / 0.1).log_softmax(1)).sum(1).mean()) / 2
    assert float(losses.dino([a, b], [a, b], centre)) == pytest.approx(float(expected), rel=1e-6)
    assert float(losses.negative_cosine(a, b)) == pytest.approx(-float(F.cosine_similarity(a, b).mean()), rel=1e-9)
    support, query = torch.randn(4, 3, 5, dtype=torch.float64), torch.randn(4, 2, 5, dtype=torch.float64)
    logits = -torch.cdist(query.reshape(8, 5), support.mean(1)).square()
    expected = F.cross_entropy(logits, torch.arange(4).repeat_interleave(2))
    assert float(losses.prototypical(support, query)) == pytest.approx(float(expected), rel=1e-9)
