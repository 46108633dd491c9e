"""What else used the processors while a benchmark ran: on a busy machine a figure says less, most of all a stall."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")
BUSY = (0, 1, 2, 7)
"""Of its columns: user, nice, system, steal (proc(5)). What interrupts took is no process's, for us or for others."""


class Others:
    """From /proc/stat, what all processors did; from times(2), what is ours of it: all that we have waited for."""

    def __init__(self) -> None:
        """Begin now."""
        self._began, self._before = time.monotonic(), _not_ours()

    def processors(self) -> float | None:
        """How many they used on average until now, the kernel's own threads included; `None` where nobody can tell."""
        now = _not_ours()
        if now is None or self._before is None:
            return None
        return max(0.0, now - self._before) / (time.monotonic() - self._began)


def _not_ours() -> float | None:
    """Processor time in seconds since the machine started."""
    try:
        columns = STAT.read_text("ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    ours = sum(os.times()[:4])
    return sum(int(columns[each]) for each in BUSY) / os.sysconf("SC_CLK_TCK") - ours
