"""Starts one of our modules as a program, found by its place: the directory that we are called in may have a `compare`.

Run as a program itself: `python launch.py MODULE ARG …` is what `python -m MODULE ARG …` would be. A module named
`compare.…` has the process for itself, and gets `compare` and `recipes` as ours. One named `async_io_cookbook.…` runs
somebody's code, which keeps these names: it imports relatively.
"""

from __future__ import annotations

import os
import sys

_HERE = __file__  # absolute: it is imported, or started by `command`
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(_HERE)))  # noqa: PTH120  no pathlib in a program's start
NAMES = ("compare", "recipes")


def command(module: str, *arguments: str, isolated: bool = False) -> list[str]:
    """Return the command that starts a module of ours.

    Args:
        module: its name, `compare.…` or `async_io_cookbook.…`.
        arguments: its own.
        isolated: whether neither `PYTHON…` variables nor the current directory count there.
    """
    return [sys.executable, *(["-I"] if isolated else []), _HERE, module, *arguments]


def claim(*names: str) -> None:
    """In this process, let packages be those that lie beside us, whatever stands on `sys.path` or was imported."""
    from importlib import util  # noqa: PLC0415  not by whoever only starts others

    for name in names:
        folder = os.path.join(ROOT, name)  # noqa: PTH118
        if folder in getattr(sys.modules.get(name), "__path__", ()):
            continue
        for other in [other for other in sys.modules if other.partition(".")[0] == name]:
            del sys.modules[other]
        file = os.path.join(folder, "__init__.py")  # noqa: PTH118
        spec = util.spec_from_file_location(name, file, submodule_search_locations=[folder])
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = util.module_from_spec(spec)
        spec.loader.exec_module(module)


def _run() -> None:
    import runpy  # noqa: PLC0415  see `claim`

    if not sys.flags.safe_path:
        sys.path[0] = os.getcwd()  # noqa: PTH109
    del sys.argv[0]
    package = sys.argv[0].partition(".")[0]
    claim("async_io_cookbook", *(NAMES if package in NAMES else ()))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run()
