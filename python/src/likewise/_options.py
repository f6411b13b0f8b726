"""Options by keyword, from the same table that the command line is made of."""
from __future__ import annotations

import inspect
import numbers
from typing import Any, Callable, TypeVar

import numpy as np
import torch

from . import _core

F = TypeVar("F", bound=Callable[..., Any])

TABLES: dict[str, list[dict[str, Any]]] = _core.option_tables()


def text_of(value: Any) -> str:
    """A value as the command line spells it.

    >>> text_of(None), text_of(True), text_of(0.5), text_of([1, 5]), text_of(np.float32(0.25))
    ('auto', 'true', '0.5', '1,5', '0.25')
    """
    if value is None:
        return "auto"
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value)).removesuffix(".0")
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return text_of(value.tolist())
    if isinstance(value, (list, tuple)):
        return ",".join(text_of(v) for v in value)
    return str(value)


def texts(options: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, text_of(value)) for key, value in options.items()]


def annotation(row: dict[str, Any]) -> str:
    """The type of an option; one whose default is None is decided by the recipe or the data."""
    kind = {"list[float]": "Sequence[float]", "list[int]": "Sequence[int]"}.get(row["type"], row["type"])
    return f"{kind} | None" if row["default"] is None else kind


def with_options(table: str) -> Callable[[F], F]:
    """Lets a function with `**options` show the options of a table as its keywords, and lists them in
    its docstring."""

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        fixed = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        taken = {p.name for p in fixed}
        rows = [row for row in TABLES[table] if row["name"] not in taken]
        keywords = [inspect.Parameter(row["name"], inspect.Parameter.KEYWORD_ONLY, default=row["default"],
                                      annotation=annotation(row)) for row in rows]
        function.__signature__ = signature.replace(parameters=fixed + keywords)  # type: ignore[attr-defined]
        lines = [f"    {row['name']}: {row['help']} ({row['accepted']}; default "
                 f"{'auto' if row['default'] is None else row['default']})" for row in rows]
        function.__doc__ = inspect.cleandoc(function.__doc__ or "") + "\n\nOptions:\n" + "\n".join(lines)
        return function

    return decorate
