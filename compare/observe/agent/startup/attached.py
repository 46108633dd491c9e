# ruff: noqa: INP001  beside the other ways in
"""Lets the agent into a process that runs already; `SAMPLER` is the process that will look for it.

It is run in a thread of its own, by a script that `sys.remote_exec` has the program's main thread begin. The agent is
loaded under a name of its own; of an earlier visit it is there already. See `sitecustomize`.
"""

import importlib
import os
import sys
import types

SAMPLER: int
NAME = "_compare_agent"


def _is_in_use() -> bool:
    """Whether an agent of another `compare` is at work here."""
    started, attached = (sys.modules.get(f"{NAME}.{part}") for part in ("install", "attached"))
    return getattr(started, "_agent", None) is not None or getattr(attached, "_visitor", None) is not None


def _let_in(sampler: int) -> None:
    folder = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  what a service has not imported stays out
    package = sys.modules.get(NAME)
    if package is None or list(package.__path__) != [folder]:
        if _is_in_use():
            return
        for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
            del sys.modules[name]
        package = types.ModuleType(NAME)
        package.__path__ = [folder]
        sys.modules[NAME] = package
    if any(word.startswith("from multiprocessing.") for word in sys.orig_argv):  # its line, after -c, is nobody's
        importlib.import_module(f"{NAME}.filenames").nobodys("<string>")
    importlib.import_module(f"{NAME}.attached").enter(sampler)


_let_in(SAMPLER)  # noqa: F821  see above
