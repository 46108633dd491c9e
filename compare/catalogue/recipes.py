"""Which variants exist: the recipes found on disk, each on its backends."""

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.catalogue.scenario import scenario_of
from compare.catalogue.source import read

if TYPE_CHECKING:
    from compare.catalogue.source import Source
    from compare.results import Backend

ROOT = Path(__file__).resolve().parents[2]
BACKENDS: dict[str, tuple[Backend, ...]] = {
    "asyncio": ("asyncio", "asyncio+uvloop"),
    "trio": ("trio",),
    "anyio": ("asyncio", "asyncio+uvloop", "trio"),
}
"""By a module's prefix; and, for the user's own, by what the module imports."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One recipe, or one function of the user's, on one backend.

    Attributes:
        name: the recipe's name, or what the user typed.
        scenario: what it is compared in.
        backend: `None` for a function without an event loop.
        module: the name to import; for the user's `path/file.py:function` the file's stem.
        function: the name of the function in it.
        path: the source file.
        recipe: the path relative to the repository's root; `None` for the user's own.
        idea: the first line of the docstring.
        unavailable: why it can't run here, with the line that installs what is missing; `None` when it can.
    """

    name: str
    scenario: str
    backend: Backend | None
    module: str
    function: str
    path: Path
    recipe: str | None
    idea: str
    unavailable: str | None

    @property
    def by_path(self) -> bool:
        """Whether it is to be loaded from `path`, because the user named a file and not a module."""
        return self.recipe is None and self.name.rpartition(":")[0].endswith(".py")

    @property
    def label(self) -> str:
        """The name with its backend, for a line of progress."""
        return f"{self.name} ({self.backend})" if self.backend else self.name


def variants(scenario: str, root: Path = ROOT) -> tuple[Variant, ...]:
    """Every recipe on disk, on each of its backends, sorted by name.

    Args:
        scenario: which folder of recipes to look at.
        root: the folder that holds `recipes/`.
    """
    folder = root / "recipes" / scenario_of(scenario).folder
    found = []
    for path in sorted(folder.glob("[!_]*.py")):
        source = read(path)
        backends = BACKENDS.get(path.stem.partition("_")[0], (None,))
        found += [_recipe(scenario, path, root, source, backend) for backend in backends]
    return tuple(found)


def states(variant: Variant) -> tuple[tuple[str, ...] | None, str]:
    """The only states that a file variant can serve (`None`: all), and why."""
    source = read(variant.path)
    return source.states, str(source.requires.get("states_reason", f"{variant.name} serves other states only"))


def starves(variant: Variant) -> str | None:
    """Why it leaves clients unanswered when its model does so; `None` for one that is to answer them all."""
    return read(variant.path).starves


def libraries(variant: Variant) -> dict[str, str]:
    """The versions of the installed distributions that the variant's module imports, and of its event loop."""
    names = set(read(variant.path).imports)
    if variant.backend == "asyncio+uvloop":
        names.add("uvloop")
    return {name: version for name in sorted(names) if (version := _version(name)) is not None}


def _recipe(scenario: str, path: Path, root: Path, source: Source, backend: Backend | None) -> Variant:
    function = scenario_of(scenario).entry
    reason = source.broken or _missing(source, backend)
    if reason is None and function not in source.names:
        reason = f"has no {function}: expected {scenario_of(scenario).contract}"
    return Variant(
        name=path.stem,
        scenario=scenario,
        backend=backend,
        module=f"recipes.{scenario_of(scenario).folder}.{path.stem}",
        function=function,
        path=path,
        recipe=path.relative_to(root).as_posix(),
        idea=source.idea,
        unavailable=reason,
    )


def _missing(source: Source, backend: Backend | None) -> str | None:
    """Why a recipe can't run here: the first of its needs that is not met."""
    needs = source.requires
    install = f": {needs['install']}" if "install" in needs else ""
    platforms = _tuple(needs.get("platform", sys.platform))
    if sys.platform not in platforms:
        return f"needs {' or '.join(map(_system, platforms))}, and this is {_system(sys.platform)}"
    wanted = tuple(int(part) for part in str(needs.get("python", "3")).split("."))
    if sys.version_info < wanted:
        return f"needs Python {needs['python']} or later, and this is {platform.python_version()}{install}"
    if backend is not None and backend not in needs.get("backends", (backend,)):
        return str(needs.get("backends_reason", f"does not run on {backend}"))
    lacking = next((name for name in _tuple(needs.get("has", ())) if not _has(name)), None)
    if lacking:
        return f"needs {lacking}, and this Python on {_system(sys.platform)} has none"
    absent = [name for name in (needs.get("module"), *source.imports) if name and not _installed(name)]
    if absent:
        return f"needs {absent[0]}{install or f': pip install {absent[0]}'}"
    return no_backend(backend)


def _tuple(one_or_more: Any) -> tuple[str, ...]:
    return (one_or_more,) if isinstance(one_or_more, str) else tuple(one_or_more)


def _system(name: str) -> str:
    """What people call a platform: `Windows`, not `win32`."""
    return {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}.get(name, name)


@cache
def _has(name: str) -> bool:
    """Whether the standard library has it here: `os.mkfifo` is not everywhere."""
    module, _, attribute = name.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), attribute)
    except ImportError:
        return False


def no_backend(backend: Backend | None) -> str | None:
    """What to install for a backend that is missing; `None` when it is there."""
    name = {"asyncio+uvloop": "uvloop", "trio": "trio"}.get(backend or "")
    if name == "uvloop" and sys.platform == "win32":
        return "uvloop does not run on Windows"
    return f"needs {name}: pip install {name}" if name and not _installed(name) else None


@cache
def _installed(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or importlib.util.find_spec(top) is not None


@cache
def _version(module: str) -> str | None:
    import importlib.metadata  # noqa: PLC0415  it takes longer than all else here, and --help needs none of it

    try:
        return importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        return None
