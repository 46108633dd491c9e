"""A server of one variant, as the comparison holds it: a child, its listeners, and what it is observed by."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from compare.catalogue.scenario import NoRoomError
from compare.scenarios.shared.job import MEMORY, PINNED_MALLOC, STACK, job

if TYPE_CHECKING:
    from compare.catalogue import Variant
    from compare.observe import Link
    from compare.process.host import Child, Host
    from compare.scenarios.net.options import Options
    from compare.scenarios.watcher import Watcher


class Server:
    """A child, a listener for each time that it serves, and what it is observed by.

    Attributes:
        port: where it listens; told by the child where it can't be given a listener.
        serves_again: whether it has returned when it was told to stop; else its process has ended.
    """

    def __init__(self, host: Host, variant: Variant, options: Options, watcher: Watcher | None) -> None:
        """Start it; it imports on other processors than those that are measured on."""
        self.host = host
        self.link: Link | None = watcher.link(early=True) if watcher else None
        self.backlog = options.clients + 64
        times = 2 if self.link is not None else 1  # timed, and then observed
        self._listeners = [] if sys.platform == "win32" else [_listener(self.backlog) for _ in range(times)]
        self._listener: socket.socket | None = None
        self.port, self.serves_again = 0, True
        allowed = _allowed()
        child = job(
            variant,
            observed=False,
            memory=MEMORY + STACK * options.clients,
            cpus=tuple(allowed - set(options.cpus)),
        )
        env = dict(PINNED_MALLOC) if options.malloc == "pinned" else {}
        env |= self.link.env if self.link else {}
        fds = (*(each.fileno() for each in self._listeners), *(self.link.fds if self.link else ()))
        self.child: Child = host.start("async_io_cookbook.scenarios.net.server", child, env=env, fds=fds)

    def next_listener(self) -> int | None:
        """Return the descriptor of a listener that has not been served on; `None` where it makes its own."""
        self._close_listener()
        if not self._listeners:
            return None
        self._listener = self._listeners.pop(0)
        self.port = self._listener.getsockname()[1]
        return self._listener.fileno()

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def serving(self, answer: dict[str, Any]) -> None:
        """It has said that it serves, and where."""
        self.port = answer["port"]

    def stop(self) -> None:
        """Tell it to return: a sync one sees its listener shut down, an async one is cancelled."""
        self.child.send({"stop": True})
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)

    def close(self, grace: float) -> None:
        """End the child, and give everything back."""
        self.host.end(self.child, grace)
        self._close_listener()
        for listener in self._listeners:
            listener.close()
        if self.link is not None:
            self.link.close()


def _listener(backlog: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", 0), backlog=backlog)
    except OSError as error:
        message = f"can't listen on 127.0.0.1: {error.strerror}"
        raise NoRoomError(message) from None


def _allowed() -> set[int]:
    """The processors that this process may use; none where that can't be told."""
    found: set[int] = set()
    if sys.platform == "linux" and hasattr(os, "sched_getaffinity"):
        found = os.sched_getaffinity(0)
    return found
