"""Whose code a file is: the user's own, the standard library's, or an installed package's.

The site of a wait is the innermost line that is the user's own. Told by where a file lies, never by what it is called.
"""

from __future__ import annotations

import os
import re
import site
import sysconfig
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compare.results import Owner

_HERE = os.path.normcase(str(Path(__file__).absolute().parents[2]) + os.sep)


def _folders(paths: Iterable[str]) -> tuple[str, ...]:
    """As files in them begin; the names' case does not count where it does not for the system."""
    return tuple({os.path.normcase(os.path.realpath(path) + os.sep) for path in paths if path})


_STDLIB = _folders(sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
_LOOPS = frozenset({"asyncio", "trio", "uvloop", "anyio", "outcome"})
"""`outcome` is how trio hands a step's result on."""


def _installed() -> tuple[str, ...]:
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    paths.update(getattr(site, "getsitepackages", list)())
    paths.add(getattr(site, "getusersitepackages", str)())
    # On Windows the folder of the interpreter is one of them, in which the standard library lies too.
    return tuple(each for each in _folders(paths) if not any(library.startswith(each) for library in _STDLIB))


_PACKAGES = _installed()
_WITHIN = frozenset({"site-packages", "dist-packages", "lib-dynload"})
_ANY_STDLIB = re.compile(r".*/lib(?:64)?/python3\.\d+t?/")
"""That of an interpreter other than ours: whose program is looked at may run any."""


def _real(filename: str) -> str:
    """A code object may bear any name; one that no file can have (a NUL in it) lies nowhere."""
    try:
        return os.path.normcase(os.path.realpath(filename))
    except ValueError:
        return filename


@cache
def owner(filename: str) -> Owner:
    """Return whose code a file is.

    A pseudo-file such as `<string>` is the user's; a frozen module, and what a library has generated, are not.
    """
    if filename.startswith("<"):
        return "library" if filename.startswith("<frozen ") or " generated " in filename else "user"
    if filename == "__init__":  # the interpreter's own code around a class's call (CPython 3.13: _Py_InitCleanup)
        return "library"
    path = _real(filename)
    if path.startswith(_HERE):
        return "library"
    if (
        path.startswith(_PACKAGES)
        or f"{os.sep}site-packages{os.sep}" in path
        or f"{os.sep}dist-packages{os.sep}" in path
    ):
        return "package"
    return "library" if path.startswith(_STDLIB) or _ANY_STDLIB.match(path) else "user"


@cache
def is_ours(filename: str) -> bool:
    """Whether a file is the observer's own."""
    return not filename.startswith("<") and _real(filename).startswith(_HERE)


@cache
def module(filename: str) -> str:
    """Return the top-level module that a library's or package's file belongs to: `asyncio`, `trio`, `selectors`."""
    path = _real(filename)
    for prefix in (*_PACKAGES, *_STDLIB):
        if path.startswith(prefix):
            first = path[len(prefix) :].partition(os.sep)[0]
            if first in _WITHIN:
                continue
            return first.removesuffix(".py")
    if (theirs := _ANY_STDLIB.match(path)) is not None:
        first, _, rest = path[theirs.end() :].partition(os.sep)
        first = rest.partition(os.sep)[0] if first in _WITHIN else first
        return first.removesuffix(".py")
    return ""


def is_loop_code(filename: str) -> bool:
    """Whether a file is part of an event loop's library (or of `selectors`, which asyncio polls through)."""
    return module(filename) in _LOOPS or module(filename) == "selectors"
