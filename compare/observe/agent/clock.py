"""The clocks that notes are timed by: the machine's, and that of what a thread has run."""

from __future__ import annotations

import sys
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


def has_run(thread: int, *, _ask: Callable[[int], int] = _tells) -> int:
    """Return how long a thread of this process has been on a processor, in nanoseconds; 0 where that isn't told.

    `thread` is the kernel's id. Which clock that is, is the kernel's number for it, as glibc makes it of a thread:
    pthread_getcpuclockid(3) would need an address, and crash where the thread has ended.
    """
    ran = 0
    if sys.platform == "linux":
        try:
            ran = _ask(~thread << 3 | 6)
        except OSError:  # it has ended
            ran = 0
    return ran
