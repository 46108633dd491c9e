"""The line of a `CapacityLimiter` of anyio's own, which it has on asyncio alone."""

from __future__ import annotations

from ._limiter import watch_line, why_not

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "anyio._backends._asyncio"


def fits(module: Any) -> str | None:
    """Return why the line can't be heard of; `None` if it can."""
    return why_not(getattr(module, "CapacityLimiter", None), "anyio")


def open_door(module: Any, agent: Agent) -> None:
    """Note who stands in line."""
    watch_line(module.CapacityLimiter, agent)
