"""What a module says about itself, read with `ast` and never imported: importing runs code, and takes time.

A recipe says what it needs in constants that are literals: `REQUIRES` (a dict with any of the keys `python`,
`platform`, `has` (names of the standard library, such as `os.fork`), `module`, `install`, `backends`,
`backends_reason`, `states_reason`), `STATES`, for a file recipe that can serve some states only, and `STARVES`, for a
server whose model leaves clients unanswered: the reason.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """What a module says about itself."""

    idea: str = ""
    names: dict[str, ast.stmt] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    requires: dict[str, Any] = field(default_factory=dict)
    states: tuple[str, ...] | None = None
    starves: str | None = None
    broken: str | None = None


@cache
def read(path: Path) -> Source:
    """Parse a file, once; one that can't be read or parsed says so in `broken`."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (OSError, SyntaxError, ValueError) as error:
        return Source(broken=f"can't be read: {' '.join(str(error).split())}")
    names = {name: statement for statement in tree.body for name in _bound(statement)}
    try:
        requires = _literal(names.get("REQUIRES"), {})
        allowed, starves = (_literal(names.get(name), None) for name in ("STATES", "STARVES"))
    except ValueError:
        return Source(broken="has a REQUIRES, STATES or STARVES that is not a literal: it is read without being run")
    docstring = ast.get_docstring(tree) or ""
    return Source(
        idea=docstring.partition("\n")[0],
        names=names,
        imports=_imports(tree),
        requires=requires,
        states=None if allowed is None else tuple(allowed),
        starves=starves,
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
