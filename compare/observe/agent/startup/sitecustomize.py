# ruff: noqa: INP001  a folder for `PYTHONPATH`, not a package
"""Lets the agent into a program that is started with this folder first on `PYTHONPATH`; the program is unchanged.

Python imports `sitecustomize` before the program begins. What we put into the environment and into `sys.path` is
taken out again, a `sitecustomize` of the user's own is run, and the agent is loaded under a name of its own: a
program that has a module named `compare` keeps it.
"""

import importlib
import os
import sys
import types


def _give_back() -> None:
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  no pathlib in a program's start
    sys.path[:] = [entry for entry in sys.path if entry != here]
    plain = os.environ.pop("COMPARE_PYTHONPATH", None)
    if plain is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = plain
    ours = sys.modules.pop("sitecustomize")
    try:
        importlib.import_module("sitecustomize")
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
    sys.modules.setdefault("sitecustomize", ours)  # the import that runs us looks for it when we are done
    package = types.ModuleType("_compare_agent")
    package.__path__ = [os.path.dirname(here)]  # noqa: PTH120
    sys.modules["_compare_agent"] = package
    importlib.import_module("_compare_agent.install").install()


_give_back()
