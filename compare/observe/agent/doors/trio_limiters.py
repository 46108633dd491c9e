"""The line of a `CapacityLimiter` of trio's, which anyio uses on trio too."""

from __future__ import annotations

from ._limiter import watch_line, why_not

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "trio._sync"


def fits(module: Any) -> str | None:
    """Return why the line can't be heard of; `None` if it can."""
    return why_not(getattr(module, "CapacityLimiter", None), "trio")


def open_door(module: Any, agent: Agent) -> None:
    """Note who stands in line; as trio's own code is, it is kept from being interrupted between two steps."""
    watch_line(module.CapacityLimiter, agent, getattr(module, "enable_ki_protection", lambda function: function))
