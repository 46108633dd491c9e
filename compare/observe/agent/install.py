"""Brings the agent into this process: maps the ring, moves what must stay open out of the way, opens the doors."""

from __future__ import annotations

import os

from . import channel, imports
from .notes import Agent
from .pings import high

_agent: Agent | None = None


def install(setting: str | None = None) -> Agent | None:
    """Install the agent if the environment (or `setting`) asks for one; at most once in a process.

    Takes the request out of `os.environ`, so that no child process inherits it. Returns the agent, if one is new.
    """
    setting = setting or os.environ.pop(channel.VARIABLE, None)
    global _agent  # noqa: PLW0603  one agent a process
    if setting is None or _agent is not None:
        return None
    ring, pipe, sampler = (int(word) for word in setting.split(","))
    memory = _mapped(ring)
    let_trace(sampler)
    _agent = agent = Agent(memory, high(pipe))
    os.register_at_fork(before=agent.pings.rest, after_in_parent=agent.pings.resume, after_in_child=agent.forget)
    imports.open_doors(agent)
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


def _mapped(descriptor: int) -> channel.Ring:
    """Map the ring and leave no descriptor of it: `mmap` keeps a duplicate, at the lowest number that is free.

    What `mmap` would close at its end is no longer its own by then: the ring stays mapped for ever, see below.
    """
    inode, lowest = os.fstat(descriptor).st_ino, os.dup(descriptor)
    os.close(lowest)
    memory = channel.Ring(descriptor)
    _for_ever.append(memory)
    os.close(descriptor)
    try:
        if os.fstat(lowest).st_ino == inode:
            os.close(lowest)
    except OSError:  # it took another number: a thread of the program's was quicker
        return memory
    return memory


_for_ever: list[channel.Ring] = []


def let_trace(sampler: int) -> None:
    """Where Yama lets only a parent trace, give the sampler leave: prctl(2), `PR_SET_PTRACER`."""
    try:
        with open("/proc/sys/kernel/yama/ptrace_scope") as file:  # noqa: PTH123  no pathlib in a program's start
            if file.read().strip() != "1":
                return
    except OSError:
        return
    from . import c_library as c  # noqa: PLC0415  only where it is needed

    c.function("prctl", c.Integer, c.Pointer, c.Pointer, c.Pointer, c.Pointer)(0x59616D61, sampler, 0, 0, 0)
