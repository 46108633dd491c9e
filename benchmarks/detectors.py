"""What else looks for blocked loops, switched on as its documentation says, in the server's own process."""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING

from benchmarks.measure import UnavailableError

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable


def observe() -> None:
    """Ours: the agent that `compare` starts."""
    agent = importlib.import_module("compare.observe.agent.install")
    agent.install()


def debug() -> None:
    """Python's own, asyncio's debug mode (documentation: "Developing with asyncio")."""
    os.environ["PYTHONASYNCIODEBUG"] = "1"


def aiocop() -> None:
    """aiocop, as its README's quick start shows it."""
    package = importlib.import_module("aiocop")
    package.patch_audit_functions()
    package.start_blocking_io_detection()
    package.detect_slow_tasks(threshold_ms=10, on_slow_task=lambda _event: None)
    package.activate()


def blockbuster() -> None:
    """blockbuster, as its README shows it."""
    importlib.import_module("blockbuster").BlockBuster().activate()


START: dict[str, Callable[[], None]] = {"observe": observe, "debug": debug, "blockbuster": blockbuster}
IN_LOOP: dict[str, Callable[[], None]] = {"aiocop": aiocop}


def in_loop(name: str, serve: Callable[[socket.socket], Awaitable[None]]) -> Callable[[socket.socket], Awaitable[None]]:
    """Serve with a detector that is switched on within the running loop, if that is one."""

    async def detected(listener: socket.socket) -> None:
        if name in IN_LOOP:
            IN_LOOP[name]()
        await serve(listener)

    return detected


INSTALL = {"aiocop": "pip install aiocop", "blockbuster": "pip install blockbuster"}


def required(name: str) -> None:
    """Raise `UnavailableError` with the line that installs it, where it is missing."""
    if name in INSTALL and importlib.util.find_spec(name) is None:
        message = f"{name} is not installed: {INSTALL[name]}"
        raise UnavailableError(message)
