"""Which threads of a process to look at next: all, or where there are many, those that have run since."""

from __future__ import annotations

import os
import time
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compare.observe.sampler.process import Family, Track

MOST_A_TICK = 60
"""How many threads are visited in every tick; of more than that, the ones that have run."""
SWEEP_NS = 5_000_000
"""How often it is looked which of many threads have run."""
TIMES_BYTES = 128
AIM_NS = 3_000_000
"""After how long it is looked up what one of many threads waits for."""


def due(family: Family, now: int) -> Iterable[Track]:
    """The threads to visit now: all, or where they are many, those that have run since and those that stir."""
    if len(family.tracks) <= MOST_A_TICK:
        return list(family.tracks.values())
    stirring = [track for track in family.tracks.values() if _stirs(track, now)][:MOST_A_TICK]
    if now < family.swept:
        return stirring
    changed = family.crowd.changed(family.tracks)
    family.swept = now + max(SWEEP_NS, 3 * (time.monotonic_ns() - now))
    return {track.tid: track for track in (*stirring, *changed)}.values()


def _stirs(track: Track, now: int) -> bool:
    segment = track.open
    if segment is None or track.loop:
        return True
    return not segment.aimed and segment.kind != "running" and now - segment.start > AIM_NS


class Crowd:
    """Many threads: which of them have run since they were looked at last, found out with one reading each."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._tracks: list[Track] = []
        self._files: list[int] = []
        self._seen: list[bytes] = []

    def changed(self, tracks: dict[int, Track]) -> list[Track]:
        """Return those that have run, and those that are new."""
        if len(tracks) != len(self._tracks) or any(track.tid not in tracks for track in self._tracks):
            self._tracks = list(tracks.values())
            self._files = [track.files.schedstat for track in self._tracks]
            self._seen = [b""] * len(self._files)
        try:
            seen = list(map(os.pread, self._files, repeat(TIMES_BYTES), repeat(0)))
        except OSError:  # one has ended: a visit finds out which
            return self._tracks
        before, self._seen = self._seen, seen
        return [track for track, was, now in zip(self._tracks, before, seen, strict=True) if was != now]
