# ruff: noqa: INP001  a folder for `PYTHONPATH`, not a package
"""Lets the agent into an interpreter that the program starts through `multiprocessing`, and that is told so.

It runs before `multiprocessing`'s own line, with what the agent is told as `SETTING`. See `sitecustomize`.
"""

import importlib
import os
import sys
import types

SETTING: str


def _let_in(setting: str) -> None:
    package = types.ModuleType("_compare_agent")
    package.__path__ = [os.path.dirname(os.path.dirname(__file__))]  # noqa: PTH120  no pathlib in a program's start
    sys.modules["_compare_agent"] = package
    importlib.import_module("_compare_agent.filenames").nobodys("<string>")
    importlib.import_module("_compare_agent.install").install(setting)


_let_in(SETTING)  # noqa: F821  see above
