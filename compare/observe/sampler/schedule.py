"""Which threads of a process to look at next: all, or where there are many, those that have run since."""

from __future__ import annotations

import os
import time
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compare.observe.sampler.watched_thread import WatchedThread

MOST_A_TICK = 60
"""How many threads are visited in every tick; of more than that, the ones that have run."""
SWEEP_NS = 5_000_000
"""How often it is looked which of many threads have run."""
TIMES_BYTES = 128
AIM_NS = 3_000_000
"""After how long it is looked up what one of many threads waits for."""


class Schedule:
    """Says which threads are due; of many, which have run is found out with one reading each."""

    def __init__(self, threads: dict[int, WatchedThread]) -> None:
        """Look at these, which come and go."""
        self._threads = threads
        self._swept = 0
        self._known: list[WatchedThread] = []
        self._files: list[int] = []
        self._seen: list[bytes] = []

    def due(self, now: int) -> Iterable[WatchedThread]:
        """The threads to visit now: all, or where they are many, those that have run since and those that stir."""
        if len(self._threads) <= MOST_A_TICK:
            return list(self._threads.values())
        stirring = [thread for thread in self._threads.values() if _stirs(thread, now)][:MOST_A_TICK]
        if now < self._swept:
            return stirring
        changed = self._changed()
        self._swept = now + max(SWEEP_NS, 3 * (time.monotonic_ns() - now))
        return {thread.tid: thread for thread in (*stirring, *changed)}.values()

    def _changed(self) -> list[WatchedThread]:
        """Return those that have run, and those that are new."""
        if len(self._threads) != len(self._known) or any(each.tid not in self._threads for each in self._known):
            self._known = list(self._threads.values())
            self._files = [thread.files.schedstat for thread in self._known]
            self._seen = [b""] * len(self._files)
        try:
            seen = list(map(os.pread, self._files, repeat(TIMES_BYTES), repeat(0)))
        except OSError:  # one has ended: a visit finds out which
            return self._known
        before, self._seen = self._seen, seen
        return [each for each, was, now in zip(self._known, before, seen, strict=True) if was != now]


def _stirs(thread: WatchedThread, now: int) -> bool:
    segment = thread.open
    if segment is None or thread.loop:
        return True
    return not segment.aimed and segment.kind != "running" and now - segment.start > AIM_NS
