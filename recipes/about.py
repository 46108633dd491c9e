"""What a recipe says about itself, read with `ast`: to import it would run it.

A recipe's docstring opens with its idea in one line. Its core, what to read first, is
its first public function, or what the docstring names in a line of its own ("**The
idea** is in `talk`."); of a pitfall it is the trap and the way out.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent
PREFIXES = ("asyncio_", "trio_", "anyio_")
_NAMES_ITS_CORE = re.compile(r"\n*^\*\*The idea\*\* is in ([^.]+)\.$\n*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One module under `recipes/`.

    Attributes:
        folder: the kind's: `file_read`, `tcp_echo`, …
        name: the module's name.
        path: relative to the folder that holds `recipes/`.
        idea: the docstring's first paragraph, in one line.
        body: the rest of the docstring, without the line that names the core: Markdown.
        core: the names of the functions (or classes) to read first.
        code: the source below the docstring.
        first_line: of `code`, counted from 1 in the file.
        requires: the module's `REQUIRES`, or nothing.
        imports: the modules that it imports, in order.
    """

    folder: str
    name: str
    path: str
    idea: str
    body: str
    core: tuple[str, ...]
    code: str
    first_line: int
    requires: dict[str, Any]
    imports: tuple[str, ...]

    @property
    def key(self) -> str:
        """What names it in measured data: `folder/name`."""
        return f"{self.folder}/{self.name}"

    @property
    def module(self) -> str:
        """Its importable name."""
        return f"recipes.{self.folder}.{self.name}"

    @property
    def stem(self) -> str:
        """Its name without the runtime's prefix."""
        runtimes = (each for each in PREFIXES if self.name.startswith(each))
        return self.name.removeprefix(next(runtimes, ""))

    def core_code(self) -> list[tuple[int, str]]:
        """The source of the core, in the file's order, each with its first line."""
        lines = self.code.splitlines()
        found = []
        for node in ast.parse(self.code).body:
            if getattr(node, "name", None) in self.core:
                decorators = getattr(node, "decorator_list", [])
                first = min([node.lineno, *(each.lineno for each in decorators)])
                text = "\n".join(lines[first - 1 : node.end_lineno])
                found.append((self.first_line + first - 1, text))
        return found


def read(path: Path) -> Recipe:
    """Read one module.

    Raises:
        ValueError: it has no docstring.
    """
    source = path.read_text("utf-8")
    tree = ast.parse(source, filename=str(path))
    docstring = ast.get_docstring(tree)
    if not docstring:
        message = f"{path}: a recipe's docstring is its page; expected one, found none"
        raise ValueError(message)
    idea, _, body = docstring.partition("\n\n")
    folder = path.parent.name
    first_line = _first_line_of_code(source, tree)
    return Recipe(
        folder=folder,
        name=path.stem,
        path=f"{path.parent.parent.name}/{folder}/{path.name}",
        idea=" ".join(idea.split()),
        body=_NAMES_ITS_CORE.sub("\n\n", body).strip(),
        core=_named_core(body) or _usual_core(tree.body),
        code="\n".join(source.splitlines()[first_line - 1 :]) + "\n",
        first_line=first_line,
        requires=_requires(tree.body),
        imports=_imports(tree),
    )


def found(root: Path = ROOT) -> list[Recipe]:
    """All recipes on disk, sorted by folder and name; `root` is `recipes/` itself."""
    return [read(path) for path in sorted(root.glob("*/[a-z]*.py"))]


def _first_line_of_code(source: str, tree: ast.Module) -> int:
    """Behind the docstring, and the blank lines that follow it."""
    behind = tree.body[0].end_lineno or 0
    rest = source.splitlines()[behind:]
    blank = next((at for at, line in enumerate(rest) if line.strip()), 0)
    return behind + blank + 1


def _named_core(body: str) -> tuple[str, ...]:
    named = _NAMES_ITS_CORE.search(body)
    return tuple(re.findall(r"`(\w+)`", named[1])) if named else ()


def _usual_core(body: Sequence[ast.stmt]) -> tuple[str, ...]:
    names = [str(getattr(node, "name", "_")) for node in body]
    pitfall = [name for name in names if name in {"trap", "way_out"}]
    return tuple(pitfall or [name for name in names if not name.startswith("_")][:1])


def _requires(body: Sequence[ast.stmt]) -> dict[str, Any]:
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REQUIRES":
            value: dict[str, Any] = ast.literal_eval(node.value)
            return value
    return {}


def _imports(tree: ast.Module) -> tuple[str, ...]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return tuple(dict.fromkeys(names))
