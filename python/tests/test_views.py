import copy
import pickle

import numpy as np
import pytest
import torch

import likewise
from likewise import views as module


@pytest.fixture
def views():
    return likewise.Views(recipe="simclr", size=32)


def equal(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b)) and len(a) == len(b)


def test_shape_type_and_range(images, views):
    x0, x1 = views(images, seed=0)
    assert x0.shape == x1.shape == (20, 3, 32, 32) and x0.dtype == torch.float32
    assert -1e-5 <= x0.min() and x0.max() <= 1 + 1e-5
    assert not torch.equal(x0, x1)


def test_every_layout_is_the_same_image(images, views):
    expected = views(images, seed=3)
    chw = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    assert equal(views(chw, seed=3), expected)
    assert equal(views(images.transpose(0, 3, 1, 2), seed=3), expected)  # not contiguous
    assert equal(views(torch.from_numpy(chw), seed=3), expected)
    assert equal(views(torch.from_numpy(chw).to(memory_format=torch.channels_last), seed=3), expected)
    assert equal(views(list(images), seed=3), expected)
    assert equal(views(images[::-1], seed=3, index=range(20)), views(images[::-1].copy(), seed=3))
    read_only = images.copy()
    read_only.flags.writeable = False
    assert equal(views(read_only, seed=3), expected)


def test_pil_images(images, views):
    image = pytest.importorskip("PIL.Image")
    expected = views(images, seed=3)
    assert equal(views([image.fromarray(x) for x in images], seed=3), expected)
    single = views([image.fromarray(images[0])], seed=3)
    assert equal(views(image.fromarray(images[0]), seed=3), single)
    palette = image.fromarray(images[0]).convert("P")
    assert views([palette], seed=0)[0].shape == (1, 3, 32, 32)


def test_float_images_are_the_bytes_divided(images, views):
    a = views(images, seed=5)[0]
    b = views(images.astype(np.float32) / 255, seed=5)[0]
    assert torch.allclose(a, b, atol=1e-4)


def test_gray_images():
    x = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    views = likewise.Views(recipe="gray_photo", size=28, channels=1)
    expected = views(x, seed=1)
    assert expected[0].shape == (4, 1, 28, 28)
    assert equal(views(x[:, None], seed=1), expected)
    assert equal(views(x[..., None], seed=1), expected)
    three = likewise.Views(recipe="gray_photo", size=28)(x, seed=1)[0]
    assert torch.equal(three[:, 0], three[:, 1])


def test_images_of_any_sizes(views):
    rng = np.random.default_rng(0)
    mixed = [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in [(20, 50), (1, 1), (200, 37), (32, 32)]]
    assert views(mixed)[0].shape == (4, 3, 32, 32)
    assert views.evaluate(mixed).shape == (4, 3, 32, 32)


def test_threads_and_batches_do_not_change_a_view(images):
    expected = likewise.Views(recipe="simclr", size=32, threads=1)(images, seed=9)
    for threads in (2, 3, 16):
        assert equal(likewise.Views(recipe="simclr", size=32, threads=threads)(images, seed=9), expected)
    order = [7, 3, 19]
    some = likewise.Views(recipe="simclr", size=32)(images[order], seed=9, index=order)
    assert equal(some, [x[order] for x in expected])
    assert equal(likewise.Views(recipe="simclr", size=32)(images[order], seed=9, index=torch.tensor(order)), some)


def test_seed_epoch_and_index_each_choose_the_stream(images, views):
    base = views(images[:1], seed=1)[0]
    assert not torch.equal(base, views(images[:1], seed=2)[0])
    assert not torch.equal(base, views(images[:1], seed=1, epoch=1)[0])
    assert not torch.equal(base, views(images[:1], seed=1, index=[1])[0])


def test_without_a_seed_torchs_generator_decides(images, views):
    torch.manual_seed(4)
    a, b = views(images), views(images)
    torch.manual_seed(4)
    assert equal(a, views(images))
    assert not equal(a, b)


@pytest.mark.parametrize("recipe", [r.name for r in module.recipes()])
def test_the_fused_view_is_the_chain_of_elementary_ones(images, recipe):
    fused = likewise.Views(images, recipe=recipe)(images, seed=2)
    slow = likewise.Views(images, recipe=recipe, elementary=True)(images, seed=2)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(fused, slow))


def test_nothing_random_is_the_normalised_image(images):
    views = likewise.Views(recipe="none", size=32, mean=[0.1, 0.2, 0.3], std=[0.5, 1.0, 2.0])
    x = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    mean, std = torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1), torch.tensor([0.5, 1.0, 2.0]).view(3, 1, 1)
    assert torch.allclose(views(images)[0], (x - mean) / std, atol=1e-5)
    assert torch.allclose(views.evaluate(images), (x - mean) / std, atol=1e-5)


def test_a_sample_decides_what_is_not_given(images):
    views = likewise.Views(images)
    assert views.options["recipe"] == "cifar" and views.options["size"] == 32
    x = torch.from_numpy(images).double() / 255
    assert np.allclose(views.stats["mean"], x.mean((0, 1, 2)), atol=1e-6)
    assert np.allclose(views.stats["std"], x.std((0, 1, 2), correction=0), atol=1e-6)
    assert views.stats == module.measure(images)
    assert likewise.Views(stats=views.stats).options == views.options
    assert abs(views.evaluate(images).mean()) < 1e-4


def test_local_crops(images):
    views = likewise.Views(recipe="simclr", size=32, local_crops=3, local_size=16)
    assert views.count == 5
    assert [tuple(x.shape[2:]) for x in views(images)] == [(32, 32)] * 2 + [(16, 16)] * 3


def test_pickle_and_copy(images, views):
    expected = views(images, seed=6)
    assert equal(pickle.loads(pickle.dumps(views))(images, seed=6), expected)
    assert equal(copy.deepcopy(views)(images, seed=6), expected)
    sampled = likewise.Views(images, crop_min=0.3)
    assert equal(pickle.loads(pickle.dumps(sampled))(images, seed=6), sampled(images, seed=6))


@pytest.mark.parametrize("workers", [0, 2])
def test_in_torchs_dataloader(images, views, workers):
    data = [(image, label) for label, image in enumerate(images)]
    loader = torch.utils.data.DataLoader(data, batch_size=8, collate_fn=views.collate, num_workers=workers)
    seen = []
    for (x0, x1), labels in loader:
        assert x0.shape[0] == len(labels) and x1.shape == x0.shape
        seen += labels.tolist()
    assert seen == list(range(20))


def test_single_is_a_transform_of_one_image(images, views):
    a, b = views.single(images[0])
    assert a.shape == b.shape == (3, 32, 32)


@pytest.mark.parametrize("make, words", [
    (lambda x: likewise.Views(x, crop_mni=0.1), ["crop_mni", "crop_min"]),
    (lambda x: likewise.Views(x, flip=2), ["flip", "from 0 to 1"]),
    (lambda x: likewise.Views(x, recipe="simcrl"), ["simcrl", "simclr"]),
    (lambda x: likewise.Views(x, crop_min=0.5, crop_max=0.2), ["crop_min"]),
    (lambda x: likewise.Views(), ["recipe", "size"]),
    (lambda x: likewise.Views(recipe="simclr"), ["size"]),
    (lambda x: likewise.Views(x, mean=[0.1, 0.2]), ["mean", "3", "2"]),
    (lambda x: likewise.Views(x, std=0), ["std", "above 0"]),
    (lambda x: likewise.Views(recipe="simclr", size=32, channels=2), ["channels", "2"]),
    (lambda x: likewise.Views(x)(x.astype(np.int16)), ["uint8", "int16"]),
    (lambda x: likewise.Views(x)(x[..., :2]), ["2 channels"]),
    (lambda x: likewise.Views(x)(np.zeros((3, 3), np.uint8)), ["[N, C, H, W]"]),
    (lambda x: likewise.Views(x)(np.zeros((4, 3, 5, 3), np.uint8)), ["layout"]),
    (lambda x: likewise.Views(x)(x[:0]), ["no image"]),
    (lambda x: likewise.Views(x)([]), ["no image"]),
    (lambda x: likewise.Views(x)(x, index=[1, 2]), ["20", "2"]),
    (lambda x: likewise.Views(x)(x, seed=-1), ["seed"]),
    (lambda x: likewise.Views(x.astype(np.float32)), ["uint8"]),
])
def test_mistakes_are_told(images, make, words):
    with pytest.raises(likewise.UserError) as error:
        make(images)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_layout_settles_what_is_ambiguous():
    x = np.random.default_rng(0).integers(0, 256, (4, 3, 5, 3), dtype=np.uint8)
    kind = dict(recipe="none", size=3, fit="pad")
    a = likewise.Views(layout="chw", **kind)(x)[0]
    b = likewise.Views(layout="hwc", **kind)(x.transpose(0, 2, 3, 1).copy())[0]
    assert torch.equal(a, b)
