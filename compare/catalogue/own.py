"""The functions that the user names: `package.module:function` or `path/to/file.py:function`."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from compare.catalogue.recipes import BACKENDS, Variant, no_backend
from compare.catalogue.scenario import scenario_of
from compare.catalogue.source import read

if TYPE_CHECKING:
    from compare.catalogue.source import Source
    from compare.results import Backend


class UnfitError(ValueError):
    """What the user named can't be a variant; the message is one line that says what was expected and what came."""


def from_user(spec: str, scenario: str) -> tuple[Variant, ...]:
    """The user's own function, `package.module:function` or `path/to/file.py:function`, on the backends that fit it.

    A function that is not `async` has no backend. An async one has those of its file's prefix, or else of what its
    module imports: anyio, trio, or asyncio when it is neither.

    Raises:
        UnfitError: when there is no such module or function, or when it can't be called as the contract says.
    """
    where, separator, function = spec.rpartition(":")
    if not separator or not where or not function.isidentifier():
        message = f"{spec!r} is not a variant: expected package.module:function or path/to/file.py:function"
        raise UnfitError(message)
    path = Path(where) if where.endswith(".py") else _search(where)
    if path is None or not path.is_file():
        message = (
            f"can't find {where!r}: expected a module on sys.path or in this directory, or a path that ends in .py"
        )
        raise UnfitError(message)
    source = read(path.resolve())
    if source.broken:
        message = f"{where} {source.broken}"
        raise UnfitError(message)
    is_async = _check(source, spec, function, scenario)
    module = path.stem if where.endswith(".py") else where
    return tuple(
        Variant(spec, scenario, backend, module, function, path.resolve(), None, source.idea, no_backend(backend))
        for backend in (_backends_of(path, source) if is_async else (None,))
    )


def _search(module: str) -> Path | None:
    """The file of a module on `sys.path`: `find_spec` would import the packages above it."""
    relative = Path(*module.split("."))
    for entry in ("", *sys.path):
        for candidate in (Path(entry) / relative / "__init__.py", (Path(entry) / relative).with_suffix(".py")):
            if candidate.is_file():
                return candidate
    return None


def _check(source: Source, spec: str, function: str, scenario: str) -> bool:
    """Whether the user's function is async; for a name that was imported or assigned this can't be told, so: no."""
    expected = f"expected {scenario_of(scenario).contract}"
    statement = source.names.get(function)
    if statement is None:
        message = f"{spec} does not fit: {expected}; the module has no {function!r}"
        raise UnfitError(message)
    if isinstance(statement, ast.ClassDef):
        message = f"{spec} does not fit: {expected}; {function!r} is a class"
        raise UnfitError(message)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        if complaint := _unfit(statement, scenario_of(scenario).takes):
            message = f"{spec} does not fit: {expected}; {function!r} {complaint}"
            raise UnfitError(message)
        return isinstance(statement, ast.AsyncFunctionDef)
    if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Constant | None):
        message = f"{spec} does not fit: {expected}; {function!r} is no function"
        raise UnfitError(message)
    return False


def _unfit(definition: ast.FunctionDef | ast.AsyncFunctionDef, takes: int) -> str | None:
    arguments = definition.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    if required > takes:
        return f"needs {required} arguments"
    if positional < takes and arguments.vararg is None:
        return f"takes {positional or 'no'} positional argument{'s' if positional > 1 else ''}"
    if any(default is None for default in arguments.kw_defaults):
        return "needs a keyword argument"
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(definition)):
        return "is a generator"
    return None


def _own_nodes(definition: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
    """The nodes of a function's body, without those of the functions in it."""
    waiting: list[ast.AST] = list(definition.body)
    nodes = []
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return nodes


def _backends_of(path: Path, source: Source) -> tuple[Backend, ...]:
    """The backends of an async function of the user's; uvloop is left out where it isn't installed."""
    prefix = path.stem.partition("_")[0]
    if prefix not in BACKENDS:
        prefix = next((name for name in ("anyio", "trio") if name in source.imports), "asyncio")
    return BACKENDS[prefix]
