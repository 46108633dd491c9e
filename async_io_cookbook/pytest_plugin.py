"""The door through which pytest comes to `compare.plugin`, by the entry point `no_blocking` or by `-p`, or by both.

pytest knows a plugin by the name that it was asked for, and refuses one that comes under two. So this module and the
entry point are two plugins to it, and whichever comes first brings the one that has the hooks.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Bring the hooks, once."""
    hooks = importlib.import_module("async_io_cookbook.plugin.hooks")
    if not pluginmanager.is_registered(hooks):
        pluginmanager.register(hooks, "no_blocking_hooks")


entry_point = SimpleNamespace(pytest_addoption=pytest_addoption)
