"""Every asyncio-like loop, uvloop's too, says that it runs through `asyncio.events._set_running_loop`."""

from __future__ import annotations

import functools
from _thread import get_ident

from ..addresses import address
from ..notes import ASYNCIO, OTHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "asyncio.events"


def fits(events: Any) -> str | None:
    """Return why asyncio's loops can't be heard of; `None` if they can."""
    if callable(getattr(events, "_set_running_loop", None)):
        return None
    return "which asyncio loops run: asyncio.events has no _set_running_loop"


def open_door(events: Any, agent: Agent) -> None:
    """Note which thread runs which loop."""
    plain = events._set_running_loop  # noqa: SLF001  no library has public ones for this

    @agent.guard("loops of asyncio")
    def changes(loop: Any = None) -> None:
        thread = get_ident()
        before = agent.running.get(thread)
        if before is not None and before != address(loop):
            del agent.running[thread]
            agent.loop_ends(before)
        if loop is not None and before != address(loop):
            agent.running[thread] = address(loop)
            family = ASYNCIO if hasattr(loop, "_run_once") else OTHER
            agent.loop_runs(loop, family, loop.call_soon_threadsafe, agent.askers.frame(3))

    @functools.wraps(plain)
    def _set_running_loop(*args: Any, **kwargs: Any) -> Any:
        result = plain(*args, **kwargs)
        changes(*args)
        return result

    agent.put(events, "_set_running_loop", _set_running_loop)
