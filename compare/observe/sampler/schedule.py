"""Which threads of a process to look at next: the sooner, the more has changed; of many, those that have run since.

A thread that has waited in one call for some looks, and has not woken, is looked at less often: an event loop's still
several times within the threshold, so that no stall over it goes by unseen. Whoever notes that a thread ran meanwhile
(a pool's thread that has begun with work) has it looked at in the next tick.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

from compare.observe.kernel.linux_calls import pread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from compare.observe.sampler.watched_thread import WatchedThread

MOST_A_TICK = 60
"""How many threads are visited in every tick; of more than that, the ones that have run."""
SWEEP_NS = 5_000_000
"""How often it is looked which of many threads have run."""
TIMES_BYTES = 128
AIM_NS = 3_000_000
"""After how long it is looked up what one of many threads waits for."""
CALM_LOOKS = 8
"""After how many looks that found nothing new the next one comes later."""
CALM_NS = 5_000_000
"""How often a thread without a loop is looked at then, and twice within the threshold at the least."""
EARLY_NS = 500_000
"""So much sooner is soon enough: the next tick may be as long again away."""
LOOKS_A_THRESHOLD = 5
"""How often an event loop's thread is looked at within the threshold, at the least."""


@dataclass(slots=True)
class Frugal:
    """How sparing to be.

    Attributes:
        threshold_ns: what takes less is of no interest, in nanoseconds; 0: everything is.
        sweeps: the share of the time that may go to finding out which of many threads have run.
        others_ns: how often threads without a loop are looked at, in nanoseconds; 0: in every tick.
    """

    threshold_ns: int = 0
    sweeps: float = 1 / 3
    others_ns: int = 0

    @property
    def rest(self) -> int:
        """How many times as long as it took to list threads (or children) it is not done again.

        Here as for sweeps, what it took is processor time: what a busy machine keeps us from is no cost of ours, and
        would hide what begins meanwhile.
        """
        return max(10, int(1.5 / self.sweeps))


class Schedule:
    """Says which threads are due; of many, which have run is found out with one reading each."""

    def __init__(
        self, threads: dict[int, WatchedThread], runs_a_loop: Callable[[WatchedThread], bool], frugal: Frugal
    ) -> None:
        """Look at these, which come and go."""
        self._threads, self._runs_a_loop = threads, runs_a_loop
        self._calm_ns = min(frugal.threshold_ns // 2, CALM_NS)
        self._loop_calm_ns = min(frugal.threshold_ns // LOOKS_A_THRESHOLD, CALM_NS)
        self._frugal = frugal
        self._swept = 0
        self._stirring: list[WatchedThread] = []
        self._known: list[WatchedThread] = []
        self._files: list[int] = []
        self._seen: list[bytes] = []

    def due(self, now: int) -> Iterable[WatchedThread]:
        """The threads to visit now."""
        if len(self._threads) <= MOST_A_TICK:
            return [each for each in self._threads.values() if self._is_due(each, now)]
        if now < self._swept:
            return [thread for thread in self._stirring if thread.tid in self._threads]
        began = time.thread_time_ns()
        changed = self._changed()
        self._stirring = [thread for thread in self._threads.values() if _stirs(thread, now)][:MOST_A_TICK]
        self._swept = now + max(SWEEP_NS, int((time.thread_time_ns() - began) / self._frugal.sweeps))
        return {thread.tid: thread for thread in (*self._stirring, *changed)}.values()

    def _is_due(self, thread: WatchedThread, now: int) -> bool:
        others_ns, is_calm = self._frugal.others_ns, thread.calm >= CALM_LOOKS
        if thread.open is None or not (others_ns or is_calm):
            return True
        waited = now - thread.seen + EARLY_NS
        if waited >= (self._calm_ns if is_calm else others_ns):
            return True
        return (not is_calm or waited >= self._loop_calm_ns) and self._runs_a_loop(thread)

    def _changed(self) -> list[WatchedThread]:
        """Return those that have run, and those that are new."""
        if len(self._threads) != len(self._known) or any(each.tid not in self._threads for each in self._known):
            self._known = list(self._threads.values())
            self._files = [thread.files.schedstat for thread in self._known]
            self._seen = [b""] * len(self._files)
        try:
            seen = list(map(pread, self._files, repeat(TIMES_BYTES), repeat(0)))
        except OSError:  # one has ended: a visit finds out which
            return self._known
        before, self._seen = self._seen, seen
        return [each for each, was, now in zip(self._known, before, seen, strict=True) if was != now]


def _stirs(thread: WatchedThread, now: int) -> bool:
    segment = thread.open
    if segment is None or thread.loop:
        return True
    return not segment.aimed and segment.kind != "running" and now - segment.start > AIM_NS
