"""The agents in the watched processes: each with a ring of notes, and a pipe by which it is asked.

The first one's are handed to us. What a process forks or spawns makes its own, and is found here: by the ring's name
among the process's descriptors, opened through `/proc/PID/fd`. What it has noted by then is not lost.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from compare.observe.agent import channel
from compare.observe.kernel.links import link

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOKS = ((1_000_000_000, 2_000_000), (30_000_000_000, 25_000_000))
"""To such an age it is looked for so often, in nanoseconds; an interpreter takes some tens of milliseconds to begin."""
SELDOM_NS = 1_000_000_000


class Agent:
    """One agent, seen from outside."""

    def __init__(self, ring: channel.Where, pipe: int | None) -> None:
        """Map the ring, whose descriptor may be closed then, and ask by a pipe, which we close; `None`: by none."""
        self.inode = os.fstat(ring).st_ino if isinstance(ring, int) else 0
        self.ring, self._pipe = channel.Ring(ring), pipe

    def ask(self, what: int) -> None:
        """Have it ping the loop in a thread; where it has ended, or has not read for long, nothing happens."""
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                os.write(self._pipe, channel.request(what))

    def close(self) -> None:
        """Let it go."""
        self.ring.close()
        if self._pipe is not None:
            os.close(self._pipe)


class Search:
    """Looks for the agent of one process, soon after its birth more often than later."""

    def __init__(self, pid: int, heard: set[int], now: int, looks: Sequence[tuple[int, int]] = LOOKS) -> None:
        """Take no ring for its own that is one of those `heard`: a child has its parent's until it has its own."""
        self._pid, self._heard, self._began, self._looks = pid, heard, now, looks
        self._name = f"/memfd:{channel.ring_name(os.getpid())}"
        self._due = now

    def look(self, now: int) -> Agent | None:
        """Return the agent, if it is time to look and it is there."""
        if now < self._due:
            return None
        age = now - self._began
        self._due = now + next((every for until, every in self._looks if age < until), SELDOM_NS)
        with contextlib.suppress(OSError):  # it has ended, or may not be looked into
            numbers = list(map(int, os.listdir(f"/proc/{self._pid}/fd")))  # noqa: PTH208  hundreds of times a second
            high = [number for number in numbers if number >= channel.FIRST_DESCRIPTOR]
            for number in high or numbers:
                with contextlib.suppress(OSError, ValueError):  # it has just been closed, or has no length yet
                    if link(self._pid, number).startswith(self._name) and (found := self._opened(number)) is not None:
                        return found
        return None

    def _opened(self, number: int) -> Agent | None:
        folder = f"/proc/{self._pid}/fd"
        ring = os.open(f"{folder}/{number}", os.O_RDWR)
        try:
            if os.fstat(ring).st_ino in self._heard:
                return None
            memory = channel.Ring(ring)
            inode, pipe = memory.pipe()
            memory.close()
            if not inode:
                return None
            ask = os.open(f"{folder}/{pipe}", os.O_WRONLY | channel.NONBLOCKING)
            if os.fstat(ask).st_ino != inode:
                os.close(ask)
                return None
            return Agent(ring, ask)
        finally:
            os.close(ring)
