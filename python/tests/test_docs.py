"""Every example in the docstrings and in docs/python.md runs and gives what it says."""
import doctest
import importlib
import re
from pathlib import Path

import pytest

MODULES = ["likewise", "likewise._options", "likewise.data", "likewise.encoders", "likewise.errors", "likewise.eval", "likewise.inputs",
           "likewise.losses", "likewise.views"]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_the_page():
    text = PAGE.read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    examples = [b for b in blocks if ">>>" in b]
    assert len(examples) >= 5
    test = doctest.DocTestParser().get_doctest("\n".join(examples), {}, "python.md", str(PAGE), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test)
    assert runner.failures == 0
