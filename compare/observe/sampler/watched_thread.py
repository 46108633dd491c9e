"""One thread that is watched: what is known of it from one look to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.kernel import threads as kernel_threads

if TYPE_CHECKING:
    from compare.observe.interpreter.stacks import Frame
    from compare.observe.interpreter.views import View
    from compare.observe.judge.segments import Segment


class WatchedThread:
    """One thread, as far as it has been followed."""

    __slots__ = (
        "asked", "before", "below", "born", "calm", "came_round", "contended", "files", "found", "hidden", "in_line",
        "loop", "open", "pinged", "poller", "ponged", "python", "raw", "runs_since", "seen", "stat", "tid", "times",
        "turned",
    )  # fmt: skip

    def __init__(self, pid: int, tid: int, now: int) -> None:
        """Follow a thread from now on. Raises `OSError` when it has ended or may not be seen."""
        self.tid = tid
        self.files = kernel_threads.ThreadFiles(pid, tid)
        self.raw = b""
        self.times = self.files.times()
        self.born = self.seen = self.found = now
        """When it was followed first, looked at last, and first seen at what it does."""
        self.calm = 0
        """How many looks in a row have found nothing new."""
        self.open: Segment | None = None
        self.python = 0
        self.loop: tuple[int, int, int] | None = None
        """Of the loop that runs in it: id, family, stack depth below."""
        self.hidden: tuple[int, list[Frame]] = 0, []
        """Of the task that a greenlet hides: its coroutine, and where that and those that it awaits stood last."""
        self.poller: tuple[int, int] | None = None
        """Its loop, and the descriptor that it polls by."""
        self.pinged = False
        self.in_line = 0, 0
        """The number of the last ping that was put in its loop's line, and how long the thread had run by then."""
        self.asked = now
        """When its loop was pinged last."""
        self.ponged = 0
        """The number of the last ping that came back: the note that it was sent may be written after that."""
        self.turned = now
        self.came_round = now
        """When its loop's last turn began that is known by the loop's own time."""
        self.runs_since = now
        self.contended: tuple[tuple[tuple[int, int], ...], str | None] = (), None
        """Where it slept last, and for which file's lock."""
        self.stat: kernel_threads.Stat | None = None
        self.before: tuple[list[Frame], int | None, View | None] = [], None, None
        """Its last stack, and how that was read."""
        self.below: tuple[Frame, ...] = ()
        """The frame that makes its loop's turns, and those below: they stay while the loop runs."""
