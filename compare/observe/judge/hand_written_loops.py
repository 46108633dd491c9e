"""Loops that a program's author wrote: a poller that is waited in again and again from one frame.

A thread that polls now and then is no loop: a function of the standard library's may wait for a child's pipes in a
poller, too. A loop comes back to a frame of the user's (or of a package's) often, and for a while. What its first turns
did is judged once it is known to be one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from compare.observe.interpreter import sites
from compare.observe.judge.turns import Turns
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.interpreter.views import View
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread
    from compare.observe.judge.turns import Turn
    from compare.observe.judge.without_waiting import Probe

SHORT_WAITS = 3
"""How often a loop by hand may have waited within what looks like one turn of its."""
LEAST_POLLS = 5
"""How often a loop has come back to its frame: a child's output, its errors and its end are three."""
LEAST_NS = 100_000_000
"""And for how long: a function that asks for one answer is done sooner."""
MOST_EARLIER = 1000
"""How many turns are kept until then."""


@dataclass(slots=True)
class _Loop:
    turns: Turns
    polls: int = 0
    first: int = 0
    """When it was seen in its poller first."""
    anchor: int = 0
    """The frame that it polls from."""
    line: int = 0
    descriptor: int | None = None
    """What it polls by, where that is an epoll's."""
    waits: int = 0
    """How often its thread had waited when it left its poller last."""
    earlier: list[Turn] = field(default_factory=list)
    """Its turns before it was known to be a loop."""

    def starts(self, anchor: tuple[int, int], at: int) -> None:
        """It may be a loop from now on, at this frame and line."""
        self.turns.forget()
        self.earlier.clear()
        self.polls, self.first, (self.anchor, self.line) = 0, at, anchor

    def ends(self) -> None:
        """It is none any more."""
        self.turns.forget()
        self.earlier.clear()
        self.polls = self.anchor = 0


class HandWrittenLoops:
    """The loops by hand, by their threads."""

    def __init__(self, threshold_ns: int, probe: Probe, tell: Callable[[Turn], None]) -> None:
        """`tell` takes each turn when it has ended."""
        self._threshold, self._probe, self._tell = threshold_ns, probe, tell
        self._loops: dict[Thread, _Loop] = {}

    def segment(self, thread: Thread, segment: Segment) -> bool:
        """Take one stretch of a thread; returns whether it was, or may have been, a loop's."""
        view, loop = segment.view, self._loops.get(thread)
        if view is None:
            if loop is not None and loop.polls:
                if _epoll(segment) is not None and _epoll(segment) == loop.descriptor:
                    self._polled(thread, segment, (loop.anchor, loop.line))
                else:
                    loop.turns.segments.append(segment)
            return True
        polls = segment.call in syscalls.POLLERS and not segment.alone
        if polls and not _is_a_librarys(view):
            self._polled(thread, segment, view.anchor)
            return True
        if loop is None or not loop.polls:
            return polls
        if not any(address == loop.anchor for address, _ in view.frames):
            thread.turns_by_hand = False
            loop.ends()
            return polls
        if segment.kind == "running" and view.frames[0] == (loop.anchor, loop.line):
            self._end(thread, loop, segment.start)
            loop.turns.since = segment.end
        else:
            loop.turns.segments.append(segment)
        return True

    def _polled(self, thread: Thread, segment: Segment, anchor: tuple[int, int]) -> None:
        loop = self._loops.setdefault(thread, _Loop(Turns(thread, self._threshold)))
        if loop.anchor == anchor[0] and loop.polls:
            self._end(thread, loop, segment.start)
        else:
            thread.turns_by_hand = False
            loop.starts(anchor, segment.start)
        loop.descriptor = _epoll(segment)
        loop.polls += 1 + segment.wakes
        if loop.polls >= LEAST_POLLS and segment.end - loop.first >= LEAST_NS:
            thread.turns_by_hand = True
        loop.turns.since, loop.waits = segment.end, self._probe.waits(*thread.key)

    def _end(self, thread: Thread, loop: _Loop, at: int) -> None:
        def came_back() -> bool:
            """Whether it waited at its poller for less than can be seen."""
            return self._probe.waits(*thread.key) - loop.waits > SHORT_WAITS

        turn = loop.turns.end(at, came_back)
        if turn is not None:
            loop.earlier.append(turn)
        if thread.turns_by_hand or len(loop.earlier) > MOST_EARLIER:
            turns, loop.earlier = loop.earlier, []
            for each in turns if thread.turns_by_hand else ():
                self._tell(each)

    def thread_ends(self, thread: Thread, at: int) -> None:
        """A thread has ended."""
        loop = self._loops.get(thread)
        if loop is not None:
            self._end(thread, loop, at)
            loop.turns.since = None

    def finish(self, now: int) -> None:
        """End every turn."""
        for thread, loop in self._loops.items():
            if thread.turns_by_hand:
                self._end(thread, loop, now)


def _epoll(segment: Segment) -> int | None:
    """Return the descriptor of the epoll that is waited at."""
    is_epoll = segment.call is not None and segment.call.startswith("epoll_") and segment.arguments
    return segment.arguments[0] if is_epoll else None


def _is_a_librarys(view: View) -> bool:
    """Whether the frame that polls is the standard library's: it polls for whoever called it, until it returns."""
    polls = next((frame for frame in view.stack if frame.address == view.anchor[0]), None)
    return polls is not None and sites.owner(polls.code.filename) == "library"
