"""How late each event loop is: how long a callback waits that comes due at any moment, while the loop is held.

Whoever comes while a loop is held waits for the rest of that; at all other times nobody waits for long. So the
stretches in which a loop was held, and the length of the time that is looked at, tell the whole distribution: at half
of all moments a callback waits for less than the median, at 99 of 100 for less than the 99th percentile.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compare.results import LoopNow, News

Hold = tuple[float, float]
"""From when to when a loop was held, in milliseconds since the observation began."""
MOST_HOLDS = 20_000
"""How many of one loop are kept in mind."""


@dataclass(frozen=True, slots=True)
class Late:
    """A loop's lateness within a stretch of time, in milliseconds; 0 stands for less than can be told."""

    median: float
    p99: float
    worst: float


class Lateness:
    """Takes news as they come, and keeps the holds of the last `span_ms`."""

    def __init__(self, span_ms: float) -> None:
        """Nothing has been heard yet."""
        self._span = span_ms
        self._holds: dict[tuple[int, str], deque[Hold]] = {}
        self._now = 0.0
        self.loops: tuple[LoopNow, ...] = ()
        """Those that run, as they were at the last news."""

    def hear(self, news: News) -> None:
        """Take what is new."""
        self._now, self.loops = news.at_ms, news.loops
        for turn in news.turns:
            holds = self._holds.setdefault((turn.process, turn.thread), deque(maxlen=MOST_HOLDS))
            holds.append((turn.ended_ms - turn.held_ms, turn.ended_ms))
        for key, holds in list(self._holds.items()):
            while holds and holds[0][1] < self._now - self._span:
                holds.popleft()
            if not holds:
                del self._holds[key]

    def of(self, loop: LoopNow, span_ms: float) -> Late:
        """Return how late a loop was in the last `span_ms`."""
        since = max(self._now - span_ms, 0.0)
        return _late(self._of(loop), since, self._now)

    def line(self, loop: LoopNow, count: int, step_ms: float) -> list[float]:
        """Return the longest hold in each of the last `count` steps, the newest last, in milliseconds."""
        line = [0.0] * count
        first = int(self._now / step_ms) - count + 1
        for began, ended in self._of(loop):
            for step in range(max(int(began / step_ms) - first, 0), min(int(ended / step_ms) - first + 1, count)):
                line[step] = max(line[step], ended - began)
        return line

    def _of(self, loop: LoopNow) -> list[Hold]:
        """The holds that have ended, and the one that goes on."""
        told = list(self._holds.get((loop.process, loop.thread), ()))
        return [*told, (self._now - loop.held_ms, self._now)] if loop.held_ms else told


def _late(holds: Sequence[Hold], since: float, until: float) -> Late:
    within = [(max(began, since), ended, ended - began) for began, ended in holds if ended > since]
    lengths = sorted((ended - began for began, ended, _ in within), reverse=True)
    worst = max((whole for _, _, whole in within), default=0.0)
    return Late(_above(lengths, (until - since) / 2), _above(lengths, (until - since) / 100), worst)


def _above(lengths: Iterable[float], share: float) -> float:
    """What the lateness is above for `share` milliseconds in all; `lengths` are the holds', the longest first."""
    total = above = 0.0
    for count, length in enumerate(lengths, 1):
        if above >= length:
            break
        total += length
        above = max((total - share) / count, 0.0)
    return above
