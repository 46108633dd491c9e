"""Which variants exist: the recipes found on disk, and the functions that the user names.

A recipe is read with `ast` and never imported here: importing runs code, and takes the time of everything that it
imports. A module says what it needs in two constants, both literals: `REQUIRES` (a dict with any of the keys `python`,
`platform`, `module`, `install`, `backends`, `backends_reason`, `states_reason`) and, for file recipes, `STATES`.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import platform
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from compare.results import Backend

Scenario = Literal["file", "net"]

ROOT = Path(__file__).resolve().parent.parent
FOLDERS: dict[Scenario, str] = {"file": "file_read", "net": "tcp_echo"}
ENTRIES: dict[Scenario, str] = {"file": "read_files", "net": "serve"}
CONTRACTS: dict[Scenario, str] = {
    "file": "read_files(paths: Sequence[str | os.PathLike[str]]) -> list[bytes], sync or async",
    "net": "serve(listener: socket.socket) -> None, sync or async, each reply being data.upper()",
}
BACKENDS: dict[str, tuple[Backend, ...]] = {
    "asyncio": ("asyncio", "asyncio+uvloop"),
    "trio": ("trio",),
    "anyio": ("asyncio", "asyncio+uvloop", "trio"),
}
"""By a module's prefix; and, for the user's own, by what the module imports."""


class UnfitError(ValueError):
    """What the user named can't be a variant; the message is one line that says what was expected and what came."""


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
    scenario: Scenario
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


@dataclass(frozen=True, slots=True)
class _Source:
    """What a module says about itself."""

    idea: str = ""
    names: dict[str, ast.stmt] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    requires: dict[str, Any] = field(default_factory=dict)
    states: tuple[str, ...] | None = None
    broken: str | None = None


def variants(scenario: Scenario, root: Path = ROOT) -> tuple[Variant, ...]:
    """Every recipe on disk, on each of its backends, sorted by name.

    Args:
        scenario: which folder of recipes to look at.
        root: the folder that holds `recipes/`.
    """
    folder = root / "recipes" / FOLDERS[scenario]
    found = []
    for path in sorted(folder.glob("[!_]*.py")):
        source = _read(path)
        backends = BACKENDS.get(path.stem.partition("_")[0], (None,))
        found += [_recipe(scenario, path, root, source, backend) for backend in backends]
    return tuple(found)


def from_user(spec: str, scenario: Scenario) -> tuple[Variant, ...]:
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
    source = _read(path.resolve())
    if source.broken:
        message = f"{where} {source.broken}"
        raise UnfitError(message)
    is_async = _check(source, spec, function, scenario)
    module = path.stem if where.endswith(".py") else where
    return tuple(
        Variant(spec, scenario, backend, module, function, path.resolve(), None, source.idea, _no_backend(backend))
        for backend in (_backends_of(path, source) if is_async else (None,))
    )


def states(variant: Variant) -> tuple[tuple[str, ...] | None, str]:
    """The only states that a file variant can serve (`None`: all), and why."""
    source = _read(variant.path)
    return source.states, str(source.requires.get("states_reason", f"{variant.name} serves other states only"))


def libraries(variant: Variant) -> dict[str, str]:
    """The versions of the installed distributions that the variant's module imports, and of its event loop."""
    names = set(_read(variant.path).imports)
    if variant.backend == "asyncio+uvloop":
        names.add("uvloop")
    return {name: version for name in sorted(names) if (version := _version(name)) is not None}


def _recipe(scenario: Scenario, path: Path, root: Path, source: _Source, backend: Backend | None) -> Variant:
    function = ENTRIES[scenario]
    reason = source.broken or _missing(source, backend)
    if reason is None and function not in source.names:
        reason = f"has no {function}: expected {CONTRACTS[scenario]}"
    return Variant(
        name=path.stem,
        scenario=scenario,
        backend=backend,
        module=f"recipes.{FOLDERS[scenario]}.{path.stem}",
        function=function,
        path=path,
        recipe=path.relative_to(root).as_posix(),
        idea=source.idea,
        unavailable=reason,
    )


def _missing(source: _Source, backend: Backend | None) -> str | None:
    """Why a recipe can't run here: the first of its needs that is not met."""
    needs = source.requires
    install = f": {needs['install']}" if "install" in needs else ""
    platforms = needs.get("platform", sys.platform)
    if sys.platform not in ((platforms,) if isinstance(platforms, str) else platforms):
        return f"needs {platforms}, and this is {sys.platform}"
    wanted = tuple(int(part) for part in str(needs.get("python", "3")).split("."))
    if sys.version_info < wanted:
        return f"needs Python {needs['python']} or later, and this is {platform.python_version()}{install}"
    if backend is not None and backend not in needs.get("backends", (backend,)):
        return str(needs.get("backends_reason", f"does not run on {backend}"))
    absent = [name for name in (needs.get("module"), *source.imports) if name and not _installed(name)]
    if absent:
        return f"needs {absent[0]}{install or f': pip install {absent[0]}'}"
    return _no_backend(backend)


def _no_backend(backend: Backend | None) -> str | None:
    name = {"asyncio+uvloop": "uvloop", "trio": "trio"}.get(backend or "")
    return f"needs {name}: pip install {name}" if name and not _installed(name) else None


@cache
def _installed(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or importlib.util.find_spec(top) is not None


@cache
def _version(module: str) -> str | None:
    try:
        return importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        return None


@cache
def _read(path: Path) -> _Source:
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (OSError, SyntaxError, ValueError) as error:
        return _Source(broken=f"can't be read: {' '.join(str(error).split())}")
    names = {name: statement for statement in tree.body for name in _bound(statement)}
    try:
        requires, allowed = _literal(names.get("REQUIRES"), {}), _literal(names.get("STATES"), None)
    except ValueError:
        return _Source(broken="has a REQUIRES or STATES that is not a literal: it is read without being run")
    docstring = ast.get_docstring(tree) or ""
    return _Source(
        idea=docstring.partition("\n")[0],
        names=names,
        imports=_imports(tree),
        requires=requires,
        states=None if allowed is None else tuple(allowed),
    )


def _bound(statement: ast.stmt) -> list[str]:
    """The names that a statement of a module's top level gives to that module."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [alias.asname or alias.name.partition(".")[0] for alias in names]
    return []


def _literal(statement: ast.stmt | None, default: Any) -> Any:
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    return default if value is None else ast.literal_eval(value)


def _imports(tree: ast.Module) -> tuple[str, ...]:
    """The packages that a module can't be imported without: not those inside `if`, `try` or a function."""
    names = set()
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            names.add(statement.module.partition(".")[0])
    return tuple(sorted(names - sys.stdlib_module_names))


def _search(module: str) -> Path | None:
    """The file of a module on `sys.path`: `find_spec` would import the packages above it."""
    relative = Path(*module.split("."))
    for entry in ("", *sys.path):
        for candidate in (Path(entry) / relative / "__init__.py", (Path(entry) / relative).with_suffix(".py")):
            if candidate.is_file():
                return candidate
    return None


def _check(source: _Source, spec: str, function: str, scenario: Scenario) -> bool:
    """Whether the user's function is async; for a name that was imported or assigned this can't be told, so: no."""
    expected = f"expected {CONTRACTS[scenario]}"
    statement = source.names.get(function)
    if statement is None:
        message = f"{spec} does not fit: {expected}; the module has no {function!r}"
        raise UnfitError(message)
    if isinstance(statement, ast.ClassDef):
        message = f"{spec} does not fit: {expected}; {function!r} is a class"
        raise UnfitError(message)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        if complaint := _unfit(statement):
            message = f"{spec} does not fit: {expected}; {function!r} {complaint}"
            raise UnfitError(message)
        return isinstance(statement, ast.AsyncFunctionDef)
    if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Constant | None):
        message = f"{spec} does not fit: {expected}; {function!r} is no function"
        raise UnfitError(message)
    return False


def _unfit(definition: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    arguments = definition.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    if required > 1:
        return f"needs {required} arguments"
    if positional == 0 and arguments.vararg is None:
        return "takes no positional argument"
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


def _backends_of(path: Path, source: _Source) -> tuple[Backend, ...]:
    """The backends of an async function of the user's; uvloop is left out where it isn't installed."""
    prefix = path.stem.partition("_")[0]
    if prefix not in BACKENDS:
        prefix = next((name for name in ("anyio", "trio") if name in source.imports), "asyncio")
    return BACKENDS[prefix]
