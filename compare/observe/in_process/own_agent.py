"""The agent in this very process: one for all samplers that follow each other, and what each of them is given of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..agent import channel, install, late
from ..agent.notes import Agent
from ..agent.pings import high

if TYPE_CHECKING:
    from ..agent.channel import Kind

_shared: tuple[int, int] | None = None
"""The ring, and the writing end of the agent's pipe."""
_agent: Agent | None = None


def link(sampler: int) -> tuple[int, int]:
    """Install the agent, once, and let this sampler trace us; returns what the sampler is given of the agent's."""
    global _shared, _agent  # noqa: PLW0603  one a process
    if _shared is None or _agent is None:
        ring, (read, write) = channel.Ring.create(), os.pipe()
        assert isinstance(ring, int), "where processes watch themselves"
        _shared = ring, high(write)
        if (fresh := install.install_late(f"{os.dup(ring)},{read},{sampler}")) is not None:
            _agent = fresh
        else:  # we were forked: then the loops are known by their stacks alone
            _agent = Agent(channel.Ring(os.dup(ring)), read)
    install.let_trace(sampler)
    return _shared


def note(kind: Kind, *subjects: int, **amounts: int) -> None:
    """Write one record."""
    if _agent is not None:
        _agent.note(kind, *subjects, **amounts)


def note_loop_here() -> None:
    """Note the loop that runs in this thread, if it is not known."""
    if _agent is not None:
        late.loop_here(_agent)


def forget() -> None:
    """In a forked child."""
    global _agent  # noqa: PLW0603  one a process
    _agent = None
