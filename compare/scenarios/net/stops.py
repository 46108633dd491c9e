"""How a server without an event loop ends: on Linux its listener, shut down by the parent, wakes it.

Elsewhere that wakes nobody who waits in `accept` or `select` (Windows and macOS answer `ENOTCONN`), and there is no
other way to tell such a server: a thread waits for the parent's word, and ends the process with the last answer.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...process.child import Line

GRACE_S = 1.0
"""How long a server may take to return, where a shut-down does wake it."""

NEEDED = sys.platform != "linux"


class Stop:
    """Waits for the parent's word, where it has to be waited for."""

    def __init__(self, listener: socket.socket, line: Line, answer: Callable[[], dict[str, Any]]) -> None:
        """`answer` is sent when the process is to end in the middle of its service."""
        self._listener, self._line, self._answer = listener, line, answer
        self._over = threading.Event()
        if NEEDED:
            threading.Thread(target=self._wait, name="waits for the end", daemon=True).start()

    def returned(self) -> None:
        """The server has ended by itself."""
        self._over.set()

    def _wait(self) -> None:
        told = self._line.receive()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        if self._over.wait(GRACE_S if told is not None else 0):
            return
        self._line.send(**self._answer())
        os._exit(0)
