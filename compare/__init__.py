"""Runs the recipes, or a program of yours, side by side, and shows which thread waits, in which call, for how long.

`watch` does so for a stretch of your own program:

    with compare.watch(threshold_ms=50) as seen:
        ...
    for finding in seen.findings:
        ...
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compare.observe.in_process.watch import BlockingError, watch

__all__ = ["BlockingError", "watch"]


def __getattr__(name: str) -> Any:
    # Imported when it is asked for: `import compare` is in the start of every observed program, and of every pytest.
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from compare.observe.in_process import watch as watching  # noqa: PLC0415

    return getattr(watching, name)
