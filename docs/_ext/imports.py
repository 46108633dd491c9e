"""What imports what in `compare/`, read with `ast` from the code as it is: for the picture of its rooms, and a test.

Imports for types alone (under `TYPE_CHECKING`) are left out: nothing of them is there when the program runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "compare"

Edges = Mapping[str, set[str]]
"""The modules that each module imports, by their full names."""


def _modules() -> dict[str, Path]:
    """Every module by its name; a package by its own."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__") if len(parts) > 2 else ".".join(parts)] = path
    return found


def room_of(module: str) -> str:
    """The room on the ground floor: `compare.scenarios.file.child` is in `scenarios`."""
    return module.split(".")[1]


def edges_of_modules() -> dict[str, set[str]]:
    """What each module imports when it runs, wherever in it; packages count for what their `__init__` imports."""
    modules = _modules()
    return {name: set(_imported(name, path, modules)) - {name} for name, path in modules.items()}


def _imported(name: str, path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" and name in modules else name.rpartition(".")[0]
    tree = ast.parse(path.read_text("utf-8"))
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            base = ".".join(above[: len(above) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            named = {f"{module}.{alias.name}" for alias in node.names} & set(modules)
            yield from named or ({module} & set(modules))


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from _running(node)


def circles(edges: Edges) -> list[list[str]]:
    """Modules that import each other, however far round: each circle once, sorted."""
    far = {name: _reached(name, edges) for name in edges}
    found = {
        frozenset({name} | {other for other in far[name] if name in far[other]}) for name in edges if name in far[name]
    }
    return sorted(sorted(each) for each in found)


def _reached(start: str, edges: Edges) -> set[str]:
    seen: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen.add(here)
            waiting += edges.get(here, ())
    return seen


ROOMS = tuple(dict.fromkeys(room_of(name) for name in _modules()))
"""What lies on the ground floor."""


def edges_of_rooms() -> dict[str, set[str]]:
    """What each room imports."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for module, others in edges_of_modules().items():
        found[room_of(module)] |= {room_of(other) for other in others} - {room_of(module)}
    return found
