"""What runs in somebody else's process imports by its place: there `compare` and `recipes` may be names of theirs."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHILDREN = ("process/child.py", "scenarios/file/child.py", "scenarios/net/server.py")
DOORS = ("plugin/hooks.py", "plugin/guard.py", "observe/in_process/watch.py", "observe/agent/install.py", *CHILDREN)
"""Where somebody else's process comes in; the agent, for one, is what these import."""


def test_it_imports_relatively() -> None:
    waiting, seen, wrong = [ROOT / "compare" / door for door in DOORS], set(), set()
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for node in _imports(path):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom) and node.level:
                waiting += _files(path, node)
            elif {name.partition(".")[0] for name in names} & {"compare", "recipes"}:
                wrong.add(f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}")
    assert ROOT / "compare" / "observe" / "agent" / "channel.py" in seen
    assert not wrong


def _imports(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """All but those for types alone."""
    tree = ast.parse(path.read_text())
    types = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for node in ast.walk(test)
    }
    nodes = [node for node in ast.walk(tree) if id(node) not in types]
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def _files(path: Path, node: ast.ImportFrom) -> list[Path]:
    """What a relative import may run: the modules, and the packages that they are in."""
    base = (
        path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        if node.module
        else path.parents[node.level - 1]
    )
    found = [base.with_suffix(".py"), *(base / f"{alias.name}.py" for alias in node.names)]
    folders = [base, *base.parents]
    found += [folder / "__init__.py" for folder in folders if folder.is_relative_to(ROOT / "compare")]
    return [*found, *(base / alias.name / "__init__.py" for alias in node.names)]
