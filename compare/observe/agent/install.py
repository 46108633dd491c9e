"""Brings the agent into this process: maps the ring, moves what must stay open out of the way, opens the doors."""

from __future__ import annotations

import os
import sys

from . import channel, imports
from .forks import Forks, mapped
from .notes import Agent
from .pings import high

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_agent: Agent | None = None


def install(setting: str | None = None) -> Agent | None:
    """Install the agent if the environment (or `setting`) asks for one; at most once in a process.

    Takes the request out of `os.environ`, so that no child process inherits it. Returns the agent, if one is new.
    """
    setting = setting or os.environ.pop(channel.VARIABLE, None)
    global _agent  # noqa: PLW0603  one agent a process
    if setting is None or _agent is not None:
        return None
    told = channel.Setting.read(setting)
    give_leave = let_trace(told.sampler)
    if told.ring is not None and told.pipe is None:
        _agent = agent = Agent(mapped(told.ring), None)
        at_fork(before=agent.pings.rest, after_in_parent=agent.pings.resume, after_in_child=agent.forget)
    else:
        _agent = agent = _to_be_asked(told, give_leave)
    imports.open_doors(agent)
    return agent


def _to_be_asked(told: channel.Setting, give_leave: Callable[[], None] | None) -> Agent:
    """The agent that a sampler asks through a pipe, and looks at from outside."""
    ring, pipe = _given(told)
    memory = mapped(ring)
    agent = Agent(memory, pipe)
    if told.children:
        agent.setting = told
        forks = Forks(agent, told, high(ring), give_leave)
        at_fork(before=forks.before, after_in_parent=forks.after_in_parent, after_in_child=forks.after_in_child)
    else:
        os.close(ring)
        at_fork(before=agent.pings.rest, after_in_parent=agent.pings.resume, after_in_child=agent.forget)
    if told.ring is None:
        memory.tell_pipe(pipe)
    return agent


def install_late(setting: str | None = None) -> Agent | None:
    """Install it into a process that has imported its libraries already, where loops may run."""
    agent = install(setting)
    if agent is not None:
        from . import late  # noqa: PLC0415  not in a program's start

        late.catch_up(agent)
    return agent


def installed() -> Agent | None:
    """Return this process's agent, if it has one."""
    return _agent


def at_fork(**calls: Callable[[], object]) -> None:
    """Have these called around each fork, as `os.register_at_fork` does, where there are forks."""
    if sys.platform != "win32" and hasattr(os, "register_at_fork"):
        os.register_at_fork(**calls)


def _given(told: channel.Setting) -> tuple[int, int]:
    """Return the descriptors of the ring and of the pipe's reading end: those that we were given, or our own."""
    if isinstance(told.ring, int) and told.pipe is not None:
        return told.ring, high(told.pipe)
    ring, read, write = channel.create_to_be_found(told.sampler)
    os.close(write)  # whoever asks opens it anew
    return ring, high(read)


def let_trace(sampler: int) -> Callable[[], None] | None:
    """Where Yama lets only a parent trace, give the sampler leave: prctl(2), `PR_SET_PTRACER`.

    Returns what gives leave, where it is needed: each forked child must say so for itself.
    """
    try:
        with open("/proc/sys/kernel/yama/ptrace_scope") as file:  # noqa: PTH123  no pathlib in a program's start
            if file.read().strip() != "1":
                return None
    except OSError:
        return None
    from . import c_library as c  # noqa: PLC0415  only where it is needed

    control = c.function("prctl", c.Integer, c.Pointer, c.Pointer, c.Pointer, c.Pointer)

    def give_leave() -> None:
        control(0x59616D61, sampler, 0, 0, 0)

    give_leave()
    return give_leave
