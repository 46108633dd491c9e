"""A socket's readiness for an event loop that knows none: a thread waits in `select` in its place."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def in_a_thread(loop: Any, descriptor: int, call: Callable[[], object]) -> Callable[[], object]:
    """Have a loop call a function once a socket is readable; returns what ends the wait, at any time."""
    wake, woken = socket.socketpair()
    over = False

    def in_loop() -> None:
        if not over:
            call()

    def wait() -> None:
        with woken:
            ready, _, _ = select.select([descriptor, woken.fileno()], [], [])
        if descriptor in ready:
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(in_loop)

    def forget() -> None:
        nonlocal over
        over = True
        wake.close()
        thread.join()

    thread = threading.Thread(target=wait, name="waits for the line", daemon=True)
    thread.start()
    return forget
