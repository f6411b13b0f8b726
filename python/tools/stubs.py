"""Writes the .pyi files beside the modules: their signatures, with the options of the table spelt out.

    python python/tools/stubs.py           writes them
    python python/tools/stubs.py --check   says which are not up to date

likewise must be installed: the table is that of the C++ library.
"""
from __future__ import annotations

import ast
import sys
from pathlib import Path

from likewise._options import TABLES, annotation

SOURCES = Path(__file__).resolve().parent.parent / "src" / "likewise"
MODULES = ["__init__", "data", "encoders", "errors", "eval", "inputs", "losses", "views"]
ELLIPSIS = ast.Expr(ast.Constant(...))


def table_of(function: ast.FunctionDef) -> str | None:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "with_options":
            return ast.literal_eval(decorator.args[0])
    return None


def stub_function(function: ast.FunctionDef) -> ast.FunctionDef:
    table = table_of(function)
    if table is not None:
        arguments = function.args
        taken = {a.arg for a in arguments.args + arguments.kwonlyargs}
        for row in TABLES[table]:
            if row["name"] not in taken:
                arguments.kwonlyargs.append(ast.arg(row["name"], ast.parse(annotation(row), mode="eval").body))
                arguments.kw_defaults.append(ast.parse(repr(row["default"]), mode="eval").body)
        arguments.kwarg = None
    function.decorator_list = [d for d in function.decorator_list if getattr(d, "id", "") == "property"]
    function.body = [ELLIPSIS]
    return function


def is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def stub_class(node: ast.ClassDef) -> ast.ClassDef:
    has_init = any(isinstance(item, ast.FunctionDef) and item.name == "__init__" for item in node.body)
    body: list[ast.stmt] = attributes_of(node) if has_init else []
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and is_public(item.name) and item.name != "__reduce__":
            body.append(stub_function(item))
        elif isinstance(item, ast.AnnAssign):
            body.append(item)
    node.body = body or [ELLIPSIS]
    return node


def attributes_of(node: ast.ClassDef) -> list[ast.stmt]:
    """Public attributes that __init__ sets, typed by the parameter or the class that they come from."""
    known = {"data": "Dataset", "views": "Views | Inputs", "encoder": "Encoder"}
    init = next(i for i in node.body if isinstance(i, ast.FunctionDef) and i.name == "__init__")
    types = {a.arg: ast.unparse(a.annotation) for a in init.args.args + init.args.kwonlyargs if a.annotation}
    out: list[ast.stmt] = []
    for statement in ast.walk(ast.Module(init.body, [])):
        if not isinstance(statement, ast.Assign):
            continue
        for target in statement.targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Attribute) and getattr(part.value, "id", "") == "self" and is_public(part.attr):
                    if any(isinstance(i, ast.AnnAssign) and i.target.id == part.attr for i in node.body):
                        continue
                    kind = known.get(part.attr) or types.get(part.attr) or "dict[str, Any]"
                    out.append(ast.parse(f"{part.attr}: {kind}").body[0])
    return out


def stub(name: str) -> str:
    tree = ast.parse((SOURCES / f"{name}.py").read_text())
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            body.append(as_export(node) if name == "__init__" else node)
        elif isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            body += [item for item in node.body if isinstance(item, ast.ImportFrom)]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            body.append(node)
        elif isinstance(node, ast.FunctionDef) and is_public(node.name):
            body.append(stub_function(node))
        elif isinstance(node, ast.ClassDef) and is_public(node.name):
            body.append(stub_class(node))
    text = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
    text = text.replace("    index: Tensor\n", "    index: Tensor  # type: ignore[assignment]\n")  # tuples have a method of that name
    text = "from typing import Sequence\n" + text if "Sequence[" in text and "Sequence" not in "".join(
        line for line in text.splitlines() if "import" in line) else text
    return f"# Made by tools/stubs.py from {name}.py and the option table.\n{text}\n"


def as_export(node: ast.Import | ast.ImportFrom) -> ast.Import | ast.ImportFrom:
    """In stubs, `from x import a as a` says that a is public."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom) and alias.asname is None:
            alias.asname = alias.name
    return node


def main() -> int:
    stale = []
    for name in MODULES:
        path = SOURCES / f"{name}.pyi"
        text = stub(name)
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text)
    if "--check" in sys.argv and stale:
        print(f"not up to date: {', '.join(stale)}; run python python/tools/stubs.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
