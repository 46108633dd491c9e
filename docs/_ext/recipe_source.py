"""What a recipe says about itself, read with `ast`: importing it would need its library, and would run it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PREFIXES = ("asyncio_", "trio_", "anyio_")

LIBRARIES = {
    "aiofiles": ("aiofiles: README", "https://github.com/Tinche/aiofiles#readme"),
    "anyio": ("anyio: documentation", "https://anyio.readthedocs.io/en/stable/"),
    "asyncio": ("Python: asyncio", "https://docs.python.org/3/library/asyncio.html"),
    "concurrent.futures": ("Python: concurrent.futures", "https://docs.python.org/3/library/concurrent.futures.html"),
    "fcntl": ("Python: fcntl", "https://docs.python.org/3/library/fcntl.html"),
    "mmap": ("Python: mmap", "https://docs.python.org/3/library/mmap.html"),
    "multiprocessing": ("Python: multiprocessing", "https://docs.python.org/3/library/multiprocessing.html"),
    "select": ("Python: select", "https://docs.python.org/3/library/select.html"),
    "selectors": ("Python: selectors", "https://docs.python.org/3/library/selectors.html"),
    "signal": ("Python: signal", "https://docs.python.org/3/library/signal.html"),
    "socket": ("Python: socket", "https://docs.python.org/3/library/socket.html"),
    "threading": ("Python: threading", "https://docs.python.org/3/library/threading.html"),
    "trio": ("trio: documentation", "https://trio.readthedocs.io/en/stable/"),
    "urio": ("urio: documentation", "https://urio.readthedocs.io/"),
    "uvloop": ("uvloop: documentation", "https://uvloop.readthedocs.io/"),
    "weakref": ("Python: weakref", "https://docs.python.org/3/library/weakref.html"),
}
"""Where a library's own documentation is: its title, its address."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One module under `recipes/`.

    Attributes:
        folder: `file_read`, `tcp_echo`, `echo_client` or `pitfalls`.
        name: the module's name.
        path: relative to the repository.
        idea: the docstring's first paragraph, in one line.
        body: the rest of the docstring: Markdown.
        requires: the module's `REQUIRES`, or nothing.
        imports: the top-level modules that it imports, in order.
    """

    folder: str
    name: str
    path: str
    idea: str
    body: str
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
        return next((self.name.removeprefix(each) for each in PREFIXES if self.name.startswith(each)), self.name)


def read_recipe(path: Path, root: Path) -> Recipe:
    """Read one module.

    Raises:
        ValueError: when it has no docstring: a page can't begin without one.
    """
    tree = ast.parse(path.read_text("utf-8"), filename=str(path))
    docstring = ast.get_docstring(tree)
    if not docstring:
        message = f"{path}: a recipe's docstring is its page; expected one, found none"
        raise ValueError(message)
    idea, _, body = docstring.partition("\n\n")
    requires = next((_literal(node, "REQUIRES") for node in tree.body if _literal(node, "REQUIRES")), {})
    return Recipe(
        path.parent.name,
        path.stem,
        path.relative_to(root).as_posix(),
        " ".join(idea.split()),
        body.strip(),
        requires,
        _imports(tree),
    )


def _literal(node: ast.stmt, name: str) -> dict[str, Any]:
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
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
    known = [name if name in LIBRARIES else name.partition(".")[0] for name in names]
    return tuple(dict.fromkeys(known))
