"""The process in which one variant serves: `async_io_cookbook.scenarios.net.server COMMANDS MESSAGES`.

For `{"serve": …}` it serves until `{"stop": true}`, on the listener that it was given, or on one of its own, whose port
it tells, where none can be passed on.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...process import loops
from ...process.child import main
from ...process.usage import peak_mib, usage
from . import stops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...process.child import Line, Variant


def _serve(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """Serve until told to stop: the parent shuts the listener down, and sends a line that cancels an async one."""
    with _on(work["cpus"]):
        listener = _listener(work)
        if variant.backend is not None:
            variant.run(_serve_until_told, variant, listener, line)
            return _used()
        stop = stops.Stop(listener, line, lambda: {**_used(), "returned": False})
        line.send(serving=True, port=listener.getsockname()[1])
        variant.function(listener)
        stop.returned()
        return _used()


@contextmanager
def _on(cpus: list[int]) -> Iterator[None]:
    """Run on the processors that are measured on; this process ends where it began, while the next one serves."""
    before: set[int] = set()
    if sys.platform == "linux" and cpus and hasattr(os, "sched_setaffinity"):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        if sys.platform == "linux" and before:
            os.sched_setaffinity(0, before)


def _listener(work: dict[str, Any]) -> socket.socket:
    if work["listener"] is None:
        return socket.create_server(("127.0.0.1", 0), backlog=work["backlog"])
    listener = socket.socket(fileno=work["listener"])
    listener.set_inheritable(False)
    return listener


def _used() -> dict[str, Any]:
    user, system = usage()
    return {"outcome": "ok", "reason": None, "user": user, "system": system, "rss_mib": peak_mib()}


async def _serve_until_told(variant: Variant, listener: socket.socket, line: Line) -> None:
    assert variant.backend is not None
    line.send(serving=True, port=listener.getsockname()[1])
    await loops.until_readable(variant.backend, line.descriptor, variant.function, listener)


if __name__ == "__main__":
    main(sys.argv[1:], {"serve": _serve})
