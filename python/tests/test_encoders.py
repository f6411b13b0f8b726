import copy
import os
import pickle
import subprocess

import numpy as np
import pytest
import torch

import likewise


@pytest.fixture
def x():
    return torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", sorted(set(likewise.encoder_names()) - {"resnet1d", "transformer1d"}))
def test_every_encoder_is_a_module(name, x):
    encoder = likewise.make_encoder(name, image_size=32)
    y = encoder(x)
    assert y.shape == (4, encoder.feature_dim)
    y.square().sum().backward()
    assert all(isinstance(p, torch.nn.Parameter) and p.grad is not None for p in encoder.parameters())
    other = likewise.make_encoder(name, image_size=32, seed=1).eval()
    assert not torch.allclose(other(x), encoder.eval()(x))
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(other(x), encoder(x))


def test_seeds(x):
    a, b, c = (likewise.make_encoder("small", image_size=32, seed=s).eval() for s in (1, 1, 2))
    assert torch.equal(a(x), b(x)) and not torch.equal(a(x), c(x))


def test_the_names_and_the_sum_are_torchvisions(x):
    models = pytest.importorskip("torchvision.models")
    theirs = models.resnet18(weights=None)
    with torch.no_grad():
        for p in theirs.parameters():
            p.add_(0.01 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    theirs(torch.randn(8, 3, 64, 64))  # other running means than 0
    theirs.fc = torch.nn.Identity()
    mine = likewise.make_encoder("resnet18", image_size=224, stem="imagenet")
    assert str(mine.load_state_dict(theirs.state_dict())) == "<All keys matched successfully>"
    assert torch.allclose(mine.eval()(x), theirs.eval()(x), rtol=1e-4, atol=1e-5)


def test_an_optimiser_moves_it(x):
    encoder = likewise.make_encoder("small", image_size=32)
    before = encoder.state_dict()
    before = {k: v.clone() for k, v in before.items()}
    optimiser = torch.optim.Adam(encoder.parameters(), 1e-2)
    losses = []
    for _ in range(5):
        loss = encoder(x).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0]
    assert all(not torch.equal(p, before[k]) for k, p in encoder.named_parameters())
    assert encoder.state_dict()["bn1.num_batches_tracked"] == 5


def test_train_and_eval_reach_the_layers(x):
    encoder = likewise.make_encoder("small", image_size=32)
    mean = encoder.state_dict()["bn1.running_mean"]
    encoder.eval()(x)
    assert (mean == 0).all()
    encoder.train()(x)
    assert (mean != 0).any()
    outer = torch.nn.Sequential(encoder, torch.nn.Linear(encoder.feature_dim, 2)).eval()
    assert torch.equal(outer(x), outer(x)) and not encoder.training


def test_copies_are_equal_and_their_own(x):
    encoder = likewise.make_encoder("small", image_size=32, width=16)
    encoder(x)
    encoder.eval()
    expected = encoder(x)
    for other in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        assert torch.equal(other(x), expected) and not other.training
        with torch.no_grad():
            next(other.parameters()).zero_()
        assert torch.equal(encoder(x), expected)


def test_double_precision_follows(x):
    encoder = likewise.make_encoder("small", image_size=32).eval()
    single = encoder(x)
    encoder.double()
    assert torch.allclose(encoder(x.double()).float(), single, atol=1e-4)


def test_files(tmp_path, x):
    encoder = likewise.make_encoder("small", image_size=32).eval()
    encoder.save(tmp_path / "w.safetensors")
    other = likewise.make_encoder("small", image_size=32, seed=1).eval()
    other.load(tmp_path / "w.safetensors")
    assert torch.equal(other(x), encoder(x))
    with pytest.raises(likewise.UserError):
        likewise.make_encoder("small", image_size=32, width=8).load(tmp_path / "w.safetensors")


@pytest.mark.parametrize("call, word", [
    (lambda: likewise.make_encoder("resnet19"), "resnet18"),
    (lambda: likewise.make_encoder("conv4", patch=4), "patch"),
    (lambda: likewise.make_encoder("small", with_=4), "width"),
    (lambda: likewise.make_encoder("small")(torch.zeros(2, 1, 32, 32)), "[2, 1, 32, 32]"),
    (lambda: likewise.load_run("/nowhere"), "/nowhere"),
])
def test_mistakes_are_told(call, word):
    with pytest.raises(likewise.UserError) as error:
        call()
    assert word in str(error.value), str(error.value)


def test_missing_weights_are_told(x):
    encoder = likewise.make_encoder("small", image_size=32)
    state = encoder.state_dict()
    del state["conv1.weight"]
    with pytest.raises(RuntimeError, match="conv1.weight"):
        encoder.load_state_dict(state)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    program = os.environ.get("LIKEWISE_PROGRAM")
    if not program:
        pytest.skip("LIKEWISE_PROGRAM is not set")
    folder = tmp_path_factory.mktemp("run")
    images = np.random.default_rng(0).integers(0, 256, (200, 3, 32, 32), dtype=np.uint8)
    np.save(folder / "images.npy", images)
    subprocess.run([program, "pretrain", "--data", folder / "images.npy", "--out", folder / "a", "--steps", "2",
                    "--batch", "50", "--encoder.name", "small", "--encoder.width", "8"],
                   check=True, capture_output=True)
    subprocess.run([program, "embed", "--run", folder / "a", "--data", folder / "images.npy", "--out",
                    folder / "features.npy"], check=True, capture_output=True)
    return folder


def test_a_run_embeds_as_the_program_does(run):
    model = likewise.load_run(run / "a")
    images, expected = np.load(run / "images.npy"), torch.from_numpy(np.load(run / "features.npy"))
    assert torch.allclose(model.embed(images), expected, rtol=1e-3, atol=1e-4)
    assert torch.allclose(model.embed(run / "images.npy"), expected, rtol=1e-3, atol=1e-4)
    assert torch.equal(model.embed(images, batch=7), model.embed(images, batch=7))
    assert torch.allclose(model.embed(list(images[:3])), expected[:3], rtol=1e-3, atol=1e-4)
    features = model.features(str(run / "images.npy"))
    assert features.x.shape == (200, model.feature_dim) and features.index.tolist() == list(range(200))
    assert features.bad == [] and not model.encoder.training
