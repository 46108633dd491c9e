"""Whether a code object's file is the user's own, told by its name alone: no look at any file.

This runs in the program's own threads, where a look at a file can block, and can be seen. So the folders of the
standard library and of what is installed are found before the program begins, as they are named and as they are.
`sites` in the sampler knows more: it follows links.
"""

from __future__ import annotations

import os
import sys


def _folders() -> tuple[str, ...]:
    # Imported at the start of somebody's program, so without pathlib, sysconfig and site.
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    name = os.path.basename(library)  # noqa: PTH119
    found = {here, library, *(os.path.join(root, "lib", name) for root in (sys.base_prefix, sys.base_exec_prefix))}  # noqa: PTH118
    return tuple({folder + os.sep for path in found for folder in (path, os.path.realpath(path))})


FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep  # noqa: PTH100, PTH120
"""The agent's own code."""
_FOLDERS = _folders()
_NOBODYS: set[str] = set()
_INSTALLED = f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}"


def is_users(filename: str) -> bool:
    """Return whether a code object with this `co_filename` is the user's own.

    A pseudo-file such as `<string>` is; a frozen module, and what a library has generated, are not.
    """
    if filename in _NOBODYS:
        return False
    if filename.startswith("<"):
        return not (filename.startswith("<frozen ") or " generated " in filename)
    if filename == "__init__":  # the interpreter's own code around a class's call (CPython 3.13: _Py_InitCleanup)
        return False
    return not (filename.startswith(_FOLDERS) or _INSTALLED[0] in filename or _INSTALLED[1] in filename)


def nobodys(filename: str) -> None:
    """Take what bears this name for nobody's: the line that `multiprocessing` starts its interpreters with."""
    _NOBODYS.add(filename)
