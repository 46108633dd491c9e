"""A program that adds an audit hook would hear of each look at a frame; from then on there are none."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "sys"


def fits(module: Any) -> str | None:
    """Return why it can't be heard that there are hooks; `None` if it can."""
    return None if hasattr(module, "addaudithook") else "audit hooks: sys has no addaudithook"


def open_door(module: Any, agent: Agent) -> None:
    """Look at no frame any more once the program has a hook."""
    plain = module.addaudithook

    @agent.guard("audit hooks")
    def added() -> None:
        if not agent.askers.are_heard:
            agent.pings.start()  # while nobody hears
            agent.askers.are_heard = True
            agent.not_seen("whose lines ask for work, and of which pool: the program has audit hooks, which would hear")

    @functools.wraps(plain)
    def addaudithook(*args: Any, **kwargs: Any) -> Any:
        added()
        return plain(*args, **kwargs)

    agent.put(module, "addaudithook", addaudithook)
