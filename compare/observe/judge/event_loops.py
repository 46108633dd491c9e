"""Event loops: which threads they run in, and their turns, each of which is judged by those that judge a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.judge.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread
    from compare.observe.judge.turns import Turn


class EventLoops:
    """The event loops, by their threads; times are nanoseconds."""

    def __init__(self, threshold_ns: int, tell: Callable[[Turn], None]) -> None:
        """`tell` takes each turn when it has ended."""
        self._threshold, self._tell = threshold_ns, tell
        self._turns: dict[Thread, Turns] = {}

    def _of(self, thread: Thread) -> Turns:
        turns = self._turns.get(thread)
        if turns is None:
            turns = self._turns[thread] = Turns(thread, self._threshold)
        return turns

    def _end(self, turns: Turns, at: int, ran: int | None = None) -> None:
        turn = turns.end(at, ran=ran)
        if turn is not None:
            self._tell(turn)

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch of a loop's thread."""
        view, turns = segment.view, self._of(thread)
        if segment.polls:
            self._end(turns, segment.start)
            turns.since = segment.end
        elif view is not None and not view.loop:  # between two runs of the loop, or before the first
            self._end(turns, segment.start)
            turns.since = None
        elif turns.since is not None or view is not None:
            if turns.since is None:
                turns.since = segment.start
            turns.segments.append(segment)

    def runs(self, thread: Thread, at: int) -> None:
        """A loop that answers pings begins to run in this thread."""
        thread.loop = True
        turns = self._of(thread)
        turns.forget()
        turns.pinged, turns.since = True, at

    def thread_ends(self, thread: Thread, at: int) -> None:
        """Its thread has ended."""
        if (turns := self._turns.pop(thread, None)) is not None:
            self._end(turns, at)

    def ends(self, thread: Thread, at: int) -> None:
        """It no longer runs."""
        turns = self._of(thread)
        self._end(turns, at)
        turns.since = None

    def turned(self, thread: Thread, at: int, ran: int | None = None) -> None:
        """It got round to a ping; `ran`: for how long it was on a CPU since that stood in its line."""
        if thread.loop:
            turns = self._of(thread)
            self._end(turns, at, ran)
            turns.since = at

    def held_from(self, thread: Thread, at: int) -> None:
        """From here on a ping stands in its line."""
        turns = self._of(thread)
        if turns.since is not None:
            turns.in_line = turns.in_line or max(at, turns.since)

    def kept(self, thread: Thread, since: int, until: int) -> None:
        """For so long its thread was seen to keep the GIL, in one call."""
        self._of(thread).keeps_the_gil(since, until)

    def goes_on(self, thread: Thread, since: int, until: int) -> None:
        """By its own time its turn began then, and it was seen to go on."""
        self._of(thread).goes_on(since, until)

    def held(self, thread: Thread, now: int) -> int:
        """Return for how long the turn that goes on has held the loop, as far as that is proved."""
        turns = self._turns.get(thread)
        return turns.so_far(now) if turns is not None and thread.loop else 0

    def finish(self, now: int) -> None:
        """End every turn."""
        for thread, turns in self._turns.items():
            if thread.loop:
                self._end(turns, now)
