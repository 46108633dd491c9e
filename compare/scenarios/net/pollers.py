"""What one thread waits in for many sockets: epoll, poll or select, whichever is the best that the system has."""

from __future__ import annotations

import select
import sys
from typing import Any

IN, OUT = 1, 4
"""POLLIN and POLLOUT, which are EPOLLIN and EPOLLOUT too."""


class Select:
    """`select`, as if it were `epoll`; Windows' takes 512 sockets."""

    def __init__(self) -> None:
        """Wait for none yet."""
        self._wanted: dict[int, int] = {}

    def register(self, descriptor: int, events: int) -> None:
        """Wait for this one too."""
        self._wanted[descriptor] = events

    modify = register

    def unregister(self, descriptor: int) -> None:
        """Wait for it no longer."""
        del self._wanted[descriptor]

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        """Which are ready for what, as soon as any is, or after so long."""
        writers = [fd for fd, events in self._wanted.items() if events & OUT]
        ready_in, ready_out, _ = select.select(list(self._wanted), writers, [], seconds)
        found = dict.fromkeys(ready_in, IN)
        for descriptor in ready_out:
            found[descriptor] = found.get(descriptor, 0) | OUT
        return list(found.items())


def poller() -> tuple[Any, float]:
    """What to wait in, and the unit of its waits, in parts of a second."""
    found: tuple[Any, float] = Select(), 1.0
    if sys.platform == "linux" and hasattr(select, "epoll"):
        found = select.epoll(), 1.0
    elif sys.platform != "win32" and hasattr(select, "poll"):
        found = select.poll(), 1000.0
    return found
