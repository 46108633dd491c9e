"""The clock that notes are timed by."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_tells, _which = getattr(time, "clock_gettime_ns", None), getattr(time, "CLOCK_MONOTONIC", 0)
if _tells is None:  # not Unix
    _tells = lambda _: time.monotonic_ns()  # noqa: E731  two ways of one thing


def now(*, _ask: Callable[[int], int] = _tells, _clock: int = _which) -> int:
    """Return nanoseconds on `CLOCK_MONOTONIC`, also where a tool makes the program's time stand still."""
    return _ask(_clock)
