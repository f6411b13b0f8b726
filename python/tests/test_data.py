import numpy as np
import pytest
import torch

import likewise
from likewise import data as module

PIL = pytest.importorskip("PIL.Image")


@pytest.fixture
def dataset(images):
    return likewise.memory_dataset(images, labels=np.arange(20) % 4)


@pytest.fixture
def folder(tmp_path, images):
    for i, image in enumerate(images):
        path = tmp_path / ("cat" if i % 2 else "dog")
        path.mkdir(exist_ok=True)
        PIL.fromarray(image).save(path / f"{i:02}.png")
    return tmp_path


def batches(loader):
    return [(b.views, b.labels, b.index) for b in loader]


def same(a, b):
    return len(a) == len(b) and all(
        torch.equal(x[2], y[2]) and all(torch.equal(u, v) for u, v in zip(x[0], y[0])) for x, y in zip(a, b))


def test_a_data_set_in_memory(dataset, images):
    assert len(dataset) == 20 and dataset[5][1] == 1 and dataset[-1][1] == 3
    assert torch.equal(dataset[5][0], torch.from_numpy(images[5]).permute(2, 0, 1))
    assert dataset.labels.tolist() == [i % 4 for i in range(20)]
    assert dataset.class_names == ["0", "1", "2", "3"]
    assert [label for _, label in dataset] == dataset.labels.tolist()
    part = dataset.subset([3, 1])
    assert part.labels.tolist() == [3, 1] and torch.equal(part[0][0], dataset[3][0])
    assert torch.equal(dataset.cached()[5][0], dataset[5][0])
    with pytest.raises(IndexError):
        dataset[20]
    gray = likewise.memory_dataset(images[..., 0])
    assert gray[0][0].shape == (1, 32, 32) and gray[0][1] == -1 and gray.labels.tolist() == [-1] * 20


def test_a_folder(folder, images):
    data = likewise.open_dataset(folder)
    assert data.class_names == ["cat", "dog"] and len(data) == 20
    rows = {data.name_of(i): data[i] for i in range(20)}
    assert torch.equal(rows["cat/03.png"][0], torch.from_numpy(images[3]).permute(2, 0, 1))
    assert rows["cat/03.png"][1] == 0
    assert likewise.open_dataset(str(folder), layout="flat").class_names == []
    with pytest.raises(likewise.UserError, match="layout"):
        likewise.open_dataset(folder, layout="flta")


def test_what_is_not_there_or_broken(tmp_path):
    with pytest.raises(ValueError, match="nothing-here"):
        likewise.open_dataset(tmp_path / "nothing-here")
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00broken")
    with pytest.raises(likewise.DataError, match="x.npy"):
        likewise.open_dataset(tmp_path / "x.npy")
    with pytest.raises(OSError):
        likewise.open_dataset(tmp_path / "x.npy")


def test_an_epoch(dataset):
    loader = likewise.Loader(dataset, batch=6, recipe="cifar", size=32)
    found = batches(loader)
    assert len(found) == len(loader) == 3
    for (x0, x1), labels, index in found:
        assert x0.shape == x1.shape == (6, 3, 32, 32)
        assert torch.equal(labels, dataset.labels[index])
    assert len(set(torch.cat([b[2] for b in found]).tolist())) == 18


def test_what_a_loader_yields_are_the_views_of_views(dataset, images):
    views = likewise.Views(images, recipe="simclr", size=24)
    loader = likewise.Loader(dataset, views, batch=5, seed=11)
    for epoch in range(2):
        for x, _, index in loader:
            expected = views(images[index], seed=11, epoch=epoch, index=index)
            assert all(torch.equal(a, b) for a, b in zip(x, expected))


def test_epochs_differ_and_seek_comes_back(dataset):
    loader = likewise.Loader(dataset, batch=6, seed=3)
    first, second = batches(loader), batches(loader)
    assert not same(first, second) and loader.epoch == 2
    loader.seek(0)
    assert same(batches(loader), first)
    assert same(batches(loader), second)
    loader.seek(1, 2)
    assert same(batches(loader), second[2:])
    loader.set_epoch(1)
    assert same(batches(loader), second)
    other = likewise.Loader(dataset, batch=6, seed=3, threads=3, ahead=1)
    assert same(batches(other), first) and same(batches(other), second)
    with pytest.raises(likewise.UserError, match="batch 4"):
        loader.seek(0, 4)


def test_leaving_an_epoch_early(dataset):
    loader = likewise.Loader(dataset, batch=6, seed=3)
    expected = [batches(loader), batches(loader)]
    loader.seek(0)
    for _ in loader:
        break
    assert same(batches(loader), expected[1])
    old = iter(loader)
    next(old)
    new = iter(loader)
    next(new)
    with pytest.raises(likewise.UserError, match="newer"):
        next(old)


def test_in_order_without_chance(dataset, images):
    loader = likewise.Loader(dataset, batch=6, shuffle=False, evaluate=True)
    found = batches(loader)
    assert [len(b[2]) for b in found] == [6, 6, 6, 2]
    assert torch.cat([b[2] for b in found]).tolist() == list(range(20))
    assert torch.equal(torch.cat([b[0][0] for b in found]), loader.views.evaluate(images))
    assert same(batches(loader), found)


def test_broken_images_are_named_and_passed_over(folder):
    (folder / "cat" / "01.png").write_bytes((folder / "cat" / "01.png").read_bytes()[:80])
    loader = likewise.Loader(str(folder), batch=5, shuffle=False, size=32)
    assert sum(len(b.labels) for b in loader) == 19
    assert len(loader.bad_samples) == 1 and "01.png" in loader.bad_samples[0]
    with pytest.raises(likewise.DataError, match="01.png"):
        for _ in likewise.Loader(str(folder), batch=5, shuffle=False, size=32, max_bad=0):
            pass


def test_as_a_data_set_of_torch(dataset):
    loader = torch.utils.data.DataLoader(dataset, batch_size=10, num_workers=2)
    x, y = next(iter(loader))
    assert x.shape == (10, 3, 32, 32) and y.tolist() == [i % 4 for i in range(10)]


def test_a_batch_outlives_its_loader(dataset):
    loader = likewise.Loader(dataset, batch=6)
    batch = next(iter(loader))
    copy = batch.views[0].clone()
    del loader
    torch.randn(6, 3, 32, 32)
    assert torch.equal(batch.views[0], copy)


@pytest.mark.parametrize("options, word", [
    ({"batch": 0}, "at least 1"), ({"threads": 0}, "at least 1"), ({"batch": 21}, "fewer than one batch"),
    ({"seed": -1}, "seed"), ({"crop_mni": 1}, "crop_min"),
])
def test_mistakes_are_told(dataset, options, word):
    with pytest.raises(likewise.UserError, match=word):
        likewise.Loader(dataset, **options)
    with pytest.raises(likewise.UserError, match="not both"):
        likewise.Loader(dataset, likewise.Views(recipe="none", size=8), size=8)


def test_the_kinds_are_listed():
    names = [kind.name for kind in module.dataset_kinds()]
    assert "glyphs" in names and len(names) > 5
