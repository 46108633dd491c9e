"""Loops that a program's author wrote: a poller that is waited in again and again from one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.observe.judge.turns import Turns
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.judge.busy_polling import Probe
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread
    from compare.observe.judge.turns import Turn

SHORT_WAITS = 3
"""How often a loop by hand may have waited within what looks like one turn of its."""


@dataclass(slots=True)
class _Loop:
    turns: Turns
    polls: int = 0
    anchor: int = 0
    """The frame that it polls from."""
    line: int = 0
    waits: int = 0
    """How often its thread had waited when it left its poller last."""


class HandWrittenLoops:
    """The loops by hand, by their threads."""

    def __init__(self, threshold_ns: int, probe: Probe, tell: Callable[[Turn], None]) -> None:
        """`tell` takes each turn when it has ended."""
        self._threshold, self._probe, self._tell = threshold_ns, probe, tell
        self._loops: dict[Thread, _Loop] = {}

    def segment(self, thread: Thread, segment: Segment) -> bool:
        """Take one stretch of a thread; returns whether it was a loop's."""
        view, loop = segment.view, self._loops.get(thread)
        if view is None:
            if loop is not None and loop.polls:
                loop.turns.segments.append(segment)
            return True
        if segment.call in syscalls.POLLERS and not segment.alone:
            self._polled(thread, segment, view.anchor)
            return True
        if loop is None or not loop.polls:
            return False
        if not any(address == loop.anchor for address, _ in view.frames):
            loop.polls, loop.anchor = 0, 0
            thread.turns_by_hand = False
            loop.turns.forget()
            return False
        if segment.kind == "running" and view.frames[0] == (loop.anchor, loop.line):
            self._end(thread, loop, segment.start)
            loop.turns.since = segment.end
        else:
            loop.turns.segments.append(segment)
        return True

    def _polled(self, thread: Thread, segment: Segment, anchor: tuple[int, int]) -> None:
        loop = self._loops.setdefault(thread, _Loop(Turns(thread, self._threshold)))
        if loop.anchor == anchor[0] and loop.polls:
            loop.polls += 1
            thread.turns_by_hand = True
            self._end(thread, loop, segment.start)
        else:
            loop.turns.forget()
            thread.turns_by_hand = False
            loop.polls, (loop.anchor, loop.line) = 1, anchor
        loop.turns.since, loop.waits = segment.end, self._probe.waits(*thread.key)

    def _end(self, thread: Thread, loop: _Loop, at: int) -> None:
        def came_back() -> bool:
            """Whether it waited at its poller for less than can be seen."""
            return self._probe.waits(*thread.key) - loop.waits > SHORT_WAITS

        turn = loop.turns.end(at, came_back)
        if turn is not None:
            self._tell(turn)

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
