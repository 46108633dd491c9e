"""The clock that notes are timed by."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

if hasattr(time, "clock_gettime_ns"):

    def now(*, _ask: Callable[[int], int] = time.clock_gettime_ns, _clock: int = time.CLOCK_MONOTONIC) -> int:
        """Return nanoseconds on `CLOCK_MONOTONIC`, also where a tool makes the program's time stand still."""
        return _ask(_clock)

else:  # not Unix

    def now(*, _ask: Callable[[], int] = time.monotonic_ns) -> int:
        """Return nanoseconds on the system's monotonic clock."""
        return _ask()
