"""Turning without waiting: a loop that polls with `await sleep(0)`, or a server that tries every socket by hand.

What a turn of a loop has another cause for is no polling, so a loop's stretches are taken once its turns are judged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from compare.observe.judge.ledger import Account
from compare.observe.judge.without_waiting import ASTRAY_NS, Streak
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from compare.observe.judge.computing import Told
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread, Threads
    from compare.observe.judge.turns import Holds, Turn
    from compare.observe.judge.without_waiting import Probe
    from compare.observe.kernel.threads import Stat

STREAK_NS = 100_000_000
"""How long a thread turns without waiting before that is busy polling."""
WAIT_NS = 5_000_000
"""A wait that is longer ends a stretch without waiting."""


@dataclass(slots=True)
class _Watch:
    """One thread's stretch, and what is not known to belong to it yet: the loop's turn may have another cause."""

    streak: Streak = field(default_factory=Streak)
    turn: list[tuple[Segment, Stat | None]] = field(default_factory=list)
    told: bool = False
    """Whether a stretch was told since it was asked last: a turn may have several, with waits between."""


class BusyPolling:
    """The stretches in which each thread turned without waiting: what they had no other cause for is told."""

    def __init__(self, threads: Threads, ledger: Ledger, holds: Holds, probe: Probe, threshold_ns: int) -> None:
        """Ask `probe` of a thread what no segment tells."""
        self._threads, self._ledger, self._holds, self._probe = threads, ledger, holds, probe
        self._least = max(STREAK_NS, 5 * threshold_ns)
        self._watched: dict[Thread, _Watch] = {}
        self._waits_when_idle: set[Thread] = set()
        """Those that were seen to wait for a connection or for data: a loop that polls does not."""

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch of a thread: what is a loop's once its turn has ended, all else at once."""
        if segment.call in syscalls.ARRIVALS:
            self._waits_when_idle.add(thread)
        watch = self._watched.setdefault(thread, _Watch())
        stat = None
        if segment.view is not None and not _polls(segment):  # which ends the stretch, whatever its counters are
            if not watch.streak.since:
                watch.streak.loop = segment.view.loop
            by_hand = not thread.worker and not self._threads.any_loop(thread.key[0])
            stat = watch.streak.ask(self._probe, thread.key, segment.end, by_hand=by_hand)
        watch.turn.append((segment, stat))
        if segment.polls or not (thread.loop or thread.turns_by_hand):
            self._settle(thread, watch)

    def turned(self, thread: Thread, gave_way: int) -> None:
        """Its loop got round to a ping; `gave_way`: the task that gave way in that turn, if any."""
        if (watch := self._watched.get(thread)) is not None:
            watch.streak.turned(gave_way)

    def handed_over(self, thread: Thread) -> None:
        """Its loop handed a piece of work to a thread."""
        if (watch := self._watched.get(thread)) is not None:
            watch.streak.handed_over += 1

    def turn_ended(self, turn: Turn, told: Told) -> None:
        """What a turn had another cause for is not told twice; a turn that computed ends a stretch of many."""
        if (watch := self._watched.get(turn.thread)) is None:
            return
        if told.computed:
            watch.turn.clear()
            self._end(turn.thread, watch)
        else:
            self._settle(turn.thread, watch, turn.until - turn.held if told.starved else None)

    def is_polling(self, turn: Turn) -> bool:
        """Whether what looks like one turn, and was not proved to be one, was many, for nothing; tells it, too."""
        if (watch := self._watched.get(turn.thread)) is None:
            return False
        watch.told = False
        self._settle(turn.thread, watch)
        self._end(turn.thread, watch)
        return watch.told

    def ends(self, thread: Thread) -> None:
        """The thread has ended."""
        if (watch := self._watched.pop(thread, None)) is not None:
            self._settle(thread, watch)
            self._end(thread, watch)

    def forget(self, thread: Thread) -> None:
        """This thread is not to be judged."""
        self._watched.pop(thread, None)

    def finish(self) -> None:
        """End every stretch."""
        for thread in list(self._watched):
            self.ends(thread)

    def _settle(self, thread: Thread, watch: _Watch, starved_from: int | None = None) -> None:
        """Take what a turn was; `starved_from`: from when on it is told of it that it stood in line for a CPU."""
        turn, watch.turn = watch.turn, []
        for segment, stat in turn:
            self._take(thread, watch, segment, stat)
            if starved_from is not None and segment.end > starved_from and segment.kind == "running":
                watch.streak.told_ns += segment.delay

    def _take(self, thread: Thread, watch: _Watch, segment: Segment, stat: Stat | None) -> None:
        view, streak = segment.view, watch.streak
        waits = _polls(segment) or (segment.kind != "running" and not segment.gil and segment.ns > WAIT_NS)
        if waits or (view is not None and view.imports):
            self._end(thread, watch)
            return
        if view is not None and view.loop is not streak.loop:
            if streak.since and streak.astray + segment.ns < ASTRAY_NS:
                streak.pass_over(segment)
                return
            self._end(thread, watch)
            streak = watch.streak
            streak.loop = view.loop
        streak.take(segment)
        streak.latest = stat or streak.latest

    def _end(self, thread: Thread, watch: _Watch) -> None:
        streak = watch.streak
        if streak.is_untouched:
            return
        watch.streak = Streak()
        ns = streak.ns - streak.told_ns
        if ns < self._least or not streak.is_polling(
            self._probe, thread.key, waits_when_idle=thread in self._waits_when_idle
        ):
            return
        account = Account("busy-cpu", "busy-polling", thread.key, None, streak.site)
        view = streak.views.get(streak.site)
        self._ledger.enter(account, ns, streak.last, view=view).role = "loop"
        self._holds.saw_loop = watch.told = True


def _polls(segment: Segment) -> bool:
    """Whether a loop waits in its poller."""
    return segment.polls and segment.kind != "running" and not segment.gil
