"""An agent that comes into a process which runs already, and leaves it again.

The sampler finds it by its ring, as it finds that of a child. While the sampler has the other end of the agent's pipe
open, the agent takes notes. When that is closed, because the watch is over or the sampler has ended in whatever way, or
when nobody comes to open it, the agent puts back what it has replaced, closes what it has open, and its thread ends.
What a forked child has of it is taken out there at once.
"""

from __future__ import annotations

import mmap
import os
import select
import sys
import time

from . import channel, imports, install, late
from .channel import Kind
from .notes import Agent
from .own_thread import CountedThread
from .pings import Pings, high

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

COME_S = 3.0
"""For how long it waits to be found, in seconds."""
LEAVE_S = 2.0
"""How long an earlier one is waited for, until it has left."""
_read, _fstat, _close, _open = os.read, os.fstat, os.close, os.open


class VisitorsPings(Pings):
    """The thread that answers, and sees by its pipe that nobody asks any more."""

    def __init__(self, agent: Visitor, pipe: int) -> None:
        """Read what the sampler asks from `pipe`."""
        self._begin(agent, pipe)
        self._thread = CountedThread(self._serve)
        self.waker = -1
        self._visitor = agent
        self._is_over = False

    def _rest(self) -> None:
        """End our thread before the program forks."""
        if self._is_heard():  # an audit hook would hear of what that takes
            _leave(self._visitor)
        elif self._busy.locked() and self._has(self.pipe):
            self.waker = _open(f"/proc/self/fd/{self.pipe}", os.O_WRONLY | channel.NONBLOCKING)
            try:
                super()._rest()
            finally:
                _close(self.waker)

    def _resume(self) -> None:
        if not self._is_over:
            self._start()

    def _ended(self) -> None:
        """Once the sampler has hung up, leave."""
        self._is_over = not self._rests
        if self._is_over:
            _leave(self._visitor)

    def _answer(self) -> bool:
        found = self._visitor.own_end < 0 or (self._has(self.pipe) and self._is_asked())
        return found and super()._answer()

    def _ping(self, which: int) -> None:
        self._visitor.close_own_end()
        super()._ping(which)

    def _is_asked(self) -> bool:
        """Wait until the sampler has found us; returns whether it has."""
        asked = False
        if sys.platform != "win32":
            poll = select.poll()
            poll.register(self.pipe, select.POLLIN)
            asked = bool(poll.poll(COME_S * 1000))
        return asked


class Visitor(Agent):
    """Takes notes until the sampler hangs up."""

    def __init__(self, sampler: int) -> None:
        """Make what the sampler finds it by; raises `OSError` and others where something can't be had."""
        self._open: list[tuple[int, int]] = []
        self.own_end = -1
        """The pipe's writing end, until the sampler has opened it."""
        self._no_imports: Callable[[], None] = lambda: None
        self._memory: channel.Ring | None = None
        try:
            ring, pipe, own_end = channel.create_to_be_found(sampler)
            ring, pipe, self.own_end = self._kept(ring), self._kept(pipe), high(own_end)
            self._memory = channel.Ring(mmap.mmap(ring, channel.SIZE, trackfd=False))  # type: ignore[call-arg]
            super().__init__(self._memory, pipe, lambda _, pipe: VisitorsPings(self, pipe))
        except BaseException:
            self._close()
            raise
        self._pipe = pipe

    def _kept(self, descriptor: int) -> int:
        """Move it out of the program's way, and close it at the end."""
        moved = high(descriptor)
        self._open.append((moved, _fstat(moved).st_ino))
        return moved

    def enter(self) -> None:
        """Open the doors, catch up with what runs already, and let the sampler find us."""
        assert self._memory is not None
        self.note(Kind.READY)  # the thread that lets us in is none of the program's
        self._no_imports = imports.open_doors(self)
        late.catch_up(self)
        self.guard("loops that run already")(late.ask_around)(self)
        assert isinstance(self.pings, VisitorsPings)
        self.pings.start()
        self._memory.tell_pipe(self._pipe)

    def leave(self) -> None:
        """Put everything back; what is still being called of us notes nothing."""
        if self.has_left:
            return
        self.has_left = True
        self.be_silent()
        self._no_imports()
        self.replaced.put_back()
        self._close()

    def leave_in_child(self) -> None:
        """In a forked child, where no thread of ours is."""
        self.pings.forget()
        self.leave()

    def close_own_end(self) -> None:
        """From now on the pipe is the sampler's."""
        end, self.own_end = self.own_end, -1
        if end >= 0:
            _close(end)

    def _close(self) -> None:
        self.close_own_end()
        for descriptor, inode in self._open:
            try:
                if _fstat(descriptor).st_ino == inode:
                    _close(descriptor)
            except OSError:  # the program has closed it
                continue
        self._open.clear()
        if self._memory is not None:
            self._memory.close()


_visitor: Visitor | None = None
_is_told_of_forks = False


def _leave(visitor: Visitor) -> None:
    global _visitor  # noqa: PLW0603  one a process
    visitor.guard("its leaving")(visitor.leave)()
    if _visitor is visitor:
        _visitor = None


def _before_fork() -> None:
    if _visitor is not None:
        _visitor.pings.rest()


def _in_parent() -> None:
    if _visitor is not None:
        _visitor.pings.resume()


def _in_child() -> None:
    global _visitor
    visitor, _visitor = _visitor, None
    if visitor is not None:
        visitor.guard("its leaving")(visitor.leave_in_child)()


def enter(sampler: int) -> None:
    """Let an agent in, to be found by the sampler's process `sampler`; in a thread that is made for that.

    There is at most one in a process: where there is another that stays, none enters.
    """
    global _visitor, _is_told_of_forks  # noqa: PLW0603  one a process
    deadline = time.monotonic() + LEAVE_S
    if _visitor is not None:
        _visitor.close_own_end()  # one that was never found leaves now
    while _visitor is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    if _visitor is not None or install.installed() is not None:
        return
    visitor = _visitor = Visitor(sampler)
    if not _is_told_of_forks:
        install.at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
        _is_told_of_forks = True
    try:
        visitor.enter()
    except BaseException:
        _leave(visitor)
        raise
