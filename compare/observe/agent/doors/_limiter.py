"""What the doors of trio's and anyio's `CapacityLimiter` have in common: who stands in line for a token."""

from __future__ import annotations

import functools

from ..addresses import address
from ..channel import Kind
from ..guard import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..notes import Agent

MOST_TOKENS = 1 << 31
"""From here on it is no limit."""


def why_not(limiter: Any, whose: str) -> str | None:
    """Return why a limiter's line can't be heard of; `None` if it can."""
    names = ("available_tokens", "total_tokens")
    if all(isinstance(getattr(limiter, name, None), property) for name in names) and hasattr(
        limiter, "acquire_on_behalf_of"
    ):
        return None
    return f"who stands in line for a limiter of {whose}: CapacityLimiter is made in a way that is not known here"


def watch_line(limiter: Any, agent: Agent, protected: Callable[[Any], Any] = lambda function: function) -> None:
    """Note who stands in line, and for how long; `protected` is what keeps an interrupt out of it."""
    plain = limiter.acquire_on_behalf_of
    available, total = limiter.available_tokens.fget, limiter.total_tokens.fget

    @agent.guard("a limiter's line")
    def stands_in_line(whose: Any) -> int | None:
        if available(whose) > 0:
            return None
        size = total(whose)
        return agent.asked(Kind.IN_LINE, address(whose), int(size) if size < MOST_TOKENS else 0, agent.askers.frame(2))

    @agent.guard("a limiter's line")
    def leaves(whose: Any, request: int | None, kind: Kind) -> None:
        if request is not None:
            agent.note(kind, request, address(whose))

    async def acquire_on_behalf_of(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        request, how = stands_in_line(self), Kind.WITHDRAWN
        try:
            result = await plain(self, *args, **kwargs)
        except BaseException as error:
            unseen(error)
            raise
        else:
            how = Kind.ADMITTED
            return result
        finally:
            leaves(self, request, how)

    agent.put(limiter, "acquire_on_behalf_of", protected(functools.wraps(plain)(acquire_on_behalf_of)))
