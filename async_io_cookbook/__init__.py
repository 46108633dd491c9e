"""Our own name, for what runs in somebody else's process: there `compare` and `recipes` may be names of theirs.

The modules are those of `compare/`, which lies beside this folder: `async_io_cookbook.results` is `compare/results.py`.
They are found by that place, and import each other relatively, so that the name `compare` is never asked for. Nothing
is imported before it is asked for: this is in the start of every pytest.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compare.observe.in_process.watch import BlockingError, watch
    from compare.plugin.settings import NoBlockingWarning
    from compare.results import Stall
    from compare.scenarios.shared.silent_peer import silent_peer
    from compare.scenarios.shared.slow_file import slow_file

__all__ = ["BlockingError", "NoBlockingWarning", "Stall", "silent_peer", "slow_file", "watch"]

ROOT = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  no pathlib in a program's start
"""The folder that holds us, `compare/` and `recipes/`: a checkout, or `site-packages`."""

__path__.append(os.path.join(ROOT, "compare"))  # noqa: PTH118  as above

_HOMES = {
    "BlockingError": "observe.in_process.watch",
    "NoBlockingWarning": "plugin.settings",
    "Stall": "results",
    "silent_peer": "scenarios.shared.silent_peer",
    "slow_file": "scenarios.shared.slow_file",
    "watch": "observe.in_process.watch",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    found: list[Any] = []
    aside = importlib.import_module(f"{__name__}.process.aside")
    aside.wait(lambda: found.append(importlib.import_module(f"{__name__}.{home}")))  # it looks at files
    return getattr(found.pop(), name)
