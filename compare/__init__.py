"""Runs the recipes, or a program of yours, side by side, and shows which thread waits, in which call, for how long.

`watch` does so for a stretch of your own program:

    with compare.watch(threshold_ms=50) as seen:
        ...
    for finding in seen.findings:
        ...

`slow_file` and `silent_peer` are a disk and a peer that hang, for tests of your own.

Where a project has a `compare` of its own, they are `async_io_cookbook.watch` and so on: the very same.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compare.observe.in_process.watch import BlockingError, watch
    from compare.results import Stall
    from compare.scenarios.shared.silent_peer import silent_peer
    from compare.scenarios.shared.slow_file import slow_file

__all__ = ["BlockingError", "Stall", "silent_peer", "slow_file", "watch"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    import async_io_cookbook  # noqa: PLC0415  a process has one of it, whatever it is asked for by

    return getattr(async_io_cookbook, name)
