"""What the agent does around a fork: its thread ends meanwhile, and the child gets a ring and a pipe of its own.

They take the numbers of the parent's descriptors, so that a program which counts what it has open finds the same on
both sides. The sampler finds them where they lie: nothing need be told to it. In a child whose program has closed the
parent's they lie high, as ever; where something can't be had the child is not followed, and nothing else happens.
"""

from __future__ import annotations

import os

from . import channel
from .pings import Pings, high

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .notes import Agent

# The program may patch what it finds in `os`; ours are taken before it begins.
_close, _dup, _dup2, _fstat = os.close, os.dup, os.dup2, os.fstat


class Forks:
    """Follows the program's children; made before the program runs."""

    def __init__(
        self, agent: Agent, setting: channel.Setting, ring: int, give_leave: Callable[[], None] | None
    ) -> None:
        """Begin.

        Args:
            agent: what is at work here.
            setting: what it was told.
            ring: the descriptor of its ring, which stays open for the numbers' sake.
            give_leave: lets the sampler look into this process, where a process must say so.
        """
        self._agent, self._setting, self._give_leave = agent, setting, give_leave
        assert isinstance(agent.pings, Pings), "who is asked by a pipe"
        self._pings = agent.pings
        self._ring, self._inode = ring, _fstat(ring).st_ino
        self._begin_anew = agent.guard("what a forked child does")(self._anew)
        self.before, self.after_in_parent = agent.pings.rest, agent.guard("forks")(self._in_parent)

    def _in_parent(self) -> None:
        self._agent.pings.resume()
        self._agent.forked()

    def after_in_child(self) -> None:
        """Give the child what it notes with; an audit hook would hear of that."""
        agent = self._agent
        agent.be_silent()
        if agent.askers.are_heard or not self._begin_anew():
            agent.pings.forget()

    def _anew(self) -> bool:
        pings = self._pings
        fresh, read, write = channel.create_to_be_found(self._setting.sampler)
        self._ring = _in_place_of(self._ring, self._inode, fresh)
        self._inode = _fstat(self._ring).st_ino
        inode = pings.inode
        pipe, waker = _in_place_of(pings.pipe, inode, read), _in_place_of(pings.waker, inode, write)
        if self._give_leave is not None:
            self._give_leave()
        memory = mapped(self._ring)
        self._agent.begin_anew(memory, pipe, waker)
        memory.tell_pipe(pipe)
        return True


def _in_place_of(old: int, inode: int, new: int) -> int:
    """Move a descriptor to where the parent's lies, if that is still ours."""
    try:
        is_ours = _fstat(old).st_ino == inode
    except OSError:
        is_ours = False
    if not is_ours:
        return high(new)
    _dup2(new, old, inheritable=False)
    _close(new)
    return old


def mapped(where: channel.Where) -> channel.Ring:
    """Map a ring for as long as the process lives."""
    if isinstance(where, int):
        return _without_descriptor(where)
    memory = channel.Ring(where)
    _for_ever.append(memory)
    return memory


def _without_descriptor(descriptor: int) -> channel.Ring:
    """Map a ring and leave no other descriptor of it: `mmap` keeps a duplicate, at the lowest number that is free.

    What `mmap` would close at its end is no longer its own by then: the ring stays mapped for ever, see below.
    """
    inode, lowest = _fstat(descriptor).st_ino, _dup(descriptor)
    _close(lowest)
    memory = channel.Ring(descriptor)
    _for_ever.append(memory)
    try:
        if _fstat(lowest).st_ino == inode:
            _close(lowest)
    except OSError:  # it took another number: a thread of the program's was quicker
        return memory
    return memory


_for_ever: list[channel.Ring] = []
