"""The process in which one variant serves: `async_io_cookbook.scenarios.net.server COMMANDS MESSAGES`.

For `{"serve": …}` it serves until `{"stop": true}`.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING, Any

from ...process import loops
from ...process.child import main, peak_mib, usage

if TYPE_CHECKING:
    from ...process.child import Line, Variant


def _serve(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """Serve until told to stop: the parent shuts the listener down, and sends a line that cancels an async one."""
    if work["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, work["cpus"])
    listener = socket.socket(fileno=work["listener"])
    listener.set_inheritable(False)
    if variant.backend is None:
        line.send(serving=True)
        variant.function(listener)
    else:
        variant.run(_serve_until_told, variant, listener, line)
    user, system = usage()
    return {"outcome": "ok", "reason": None, "user": user, "system": system, "rss_mib": peak_mib()}


async def _serve_until_told(variant: Variant, listener: socket.socket, line: Line) -> None:
    assert variant.backend is not None
    line.send(serving=True)
    await loops.until_readable(variant.backend, line.descriptor, variant.function, listener)


if __name__ == "__main__":
    main(sys.argv[1:], {"serve": _serve})
