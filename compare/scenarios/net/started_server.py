"""A server of one variant, as the comparison holds it: a child, its listener, and what it is observed by."""

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
    """A child, its listener, and what it is observed by."""

    def __init__(self, host: Host, variant: Variant, options: Options, watcher: Watcher | None) -> None:
        """Start it; it imports on other processors than those that are measured on."""
        self.host = host
        self.link: Link | None = watcher.link() if watcher else None
        self.backlog = options.clients + 64
        self.listener = None if sys.platform == "win32" else _listener(self.backlog)
        self.port = self.listener.getsockname()[1] if self.listener else 0
        """Where it listens; told by the child where it can't be given a listener."""
        allowed = _allowed()
        child = job(
            variant,
            observed=self.link is not None,
            memory=MEMORY + STACK * options.clients,
            cpus=tuple(allowed - set(options.cpus)),
        )
        env = dict(PINNED_MALLOC) if options.malloc == "pinned" else {}
        env |= self.link.env if self.link else {}
        fds = (*((self.listener.fileno(),) if self.listener else ()), *(self.link.fds if self.link else ()))
        self.child: Child = host.start("async_io_cookbook.scenarios.net.server", child, env=env, fds=fds)

    def serving(self, answer: dict[str, Any]) -> None:
        """It has said that it serves, and where."""
        self.port = answer["port"]

    def stop(self) -> None:
        """Tell it to return: a sync one sees its listener shut down, an async one is cancelled."""
        self.child.send({"stop": True})
        if self.listener:
            with suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)

    def close(self, grace: float) -> None:
        """End the child, and give everything back."""
        self.host.end(self.child, grace)
        if self.listener:
            self.listener.close()
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
