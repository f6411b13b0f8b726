"""The stubs say what there is."""
import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import likewise
from likewise import _core

TOOLS = Path(__file__).resolve().parent.parent / "tools"
PACKAGE = Path(likewise.__file__).parent


def test_the_stubs_are_up_to_date():
    done = subprocess.run([sys.executable, TOOLS / "stubs.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stub_of_the_extension_is_complete():
    tree = ast.parse((PACKAGE / "_core.pyi").read_text())
    stubbed = {n.name: n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    there = {name for name in vars(_core) if not name.startswith("_")}
    assert set(stubbed) == there
    for name, node in stubbed.items():
        if isinstance(node, ast.ClassDef):
            members = {n.name for n in node.body if isinstance(n, ast.FunctionDef)} - {"__init__"}
            members |= {n.target.id for n in node.body if isinstance(n, ast.AnnAssign)}
            actual = {m for m in vars(getattr(_core, name)) if not m.startswith("_") or m == "__len__"}
            assert members == actual, name


def test_the_package_is_marked_as_typed():
    assert (PACKAGE / "py.typed").exists()
    assert all((PACKAGE / f"{p.stem}.pyi").exists() for p in PACKAGE.glob("*.py") if not p.stem.startswith("_"))


USE = """
import torch
import likewise
from torch import Tensor
views = likewise.Views(recipe="simclr", size=32, crop_min=0.2, mean=[0.5, 0.5, 0.5])
x: list[Tensor] = views(torch.zeros(2, 3, 32, 32, dtype=torch.uint8), seed=1)
loss: Tensor = likewise.nt_xent(x[0].flatten(1), x[1].flatten(1), temperature=0.1)
encoder = likewise.make_encoder("small", width=8)
dim: int = encoder.feature_dim
for (a, b), labels, index in likewise.Loader(likewise.open_dataset("glyphs"), batch=8, flip=None):
    c: Tensor = a + b
accuracy: float = likewise.eval.knn_accuracy(x[0], labels, x[1], labels, k=3)
"""


def mypy(tmp_path, text):
    (tmp_path / "use.py").write_text(text)
    return subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "use.py"],
                          cwd=tmp_path, capture_output=True, text=True)


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_mypy_accepts_good_use_and_finds_mistakes(tmp_path):
    good = mypy(tmp_path, USE)
    assert good.returncode == 0, good.stdout
    for mistake in ("likewise.Views(crop_mni=0.1)", "likewise.nt_xent(1, 2)", "likewise.Views(size='big')",
                    "likewise.eval.tsne(1).foo()"):
        bad = mypy(tmp_path, f"import likewise\n{mistake}\n")
        assert bad.returncode == 1, mistake


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_the_stubs_are_those_of_the_modules(tmp_path):
    done = subprocess.run([sys.executable, "-m", "mypy.stubtest", "likewise", "--ignore-missing-stub", "--allowlist",
                           TOOLS / "stubtest-allow.txt", "--ignore-unused-allowlist"],
                          cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
