"""How often the sampler looks: a thousand times a second, and less often where that takes more than its budget."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compare.observe.sampler.schedule import Frugal

PERIOD_NS = 1_000_000
MOST_PERIOD_NS = 5_000_000
LOOKS_A_THRESHOLD = 2
"""However small the budget is, so often the sampler looks within the threshold: no stall over it goes by unseen. Beside
a loop that is busy a look takes a quarter of a millisecond: 5 % of a processor are 200 looks a second."""
ADAPT_NS = 100_000_000
"""How often it is asked what the looks have cost."""
MOST_OTHERS_NS = 10_000_000
"""How seldom threads without a loop are looked at, where the budget is spent: twice within the threshold, at least."""
STEP = 1.25
LATE_NS = 5_000_000


class Pace:
    """From one look to the next.

    Attributes:
        looked: when the last look began, in nanoseconds on `CLOCK_MONOTONIC`.
        away: how long others kept us from looking, in nanoseconds.
    """

    def __init__(self, frugal: Frugal, share: float | None) -> None:
        """`share` of one processor may be used, as far as the threshold allows; `None`: as much as it takes.

        Where longer periods do not suffice, `frugal` is told to look less often at threads without a loop.
        """
        self._share, self._frugal, threshold_ns = share, frugal, frugal.threshold_ns
        self._period = PERIOD_NS
        self._most = max(PERIOD_NS, min(threshold_ns // LOOKS_A_THRESHOLD, MOST_PERIOD_NS))
        self._due = self.looked = self._asked = time.monotonic_ns()
        self._worked = self._worked_then = time.thread_time_ns()
        self.away = 0

    def rest(self) -> None:
        """Until the next look."""
        self._due = max(self._due + self._period, time.monotonic_ns() - self._period)
        time.sleep(max(self._due - time.monotonic_ns(), 0) / 1e9)
        before, self.looked = self.looked, time.monotonic_ns()
        had_worked, self._worked = self._worked, time.thread_time_ns()
        late = self.looked - before - (self._worked - had_worked) - self._period
        self.away += late if late > LATE_NS else 0
        if self._share is not None and self.looked - self._asked > ADAPT_NS:
            self._adapt(self._share)

    def _adapt(self, share: float) -> None:
        used = (self._worked - self._worked_then) / (self.looked - self._asked)
        self._asked, self._worked_then = self.looked, self._worked
        frugal = self._frugal
        if used > share and self._period < self._most:
            self._period = min(int(self._period * STEP), self._most)
        elif used > share:
            most = min(frugal.threshold_ns // 2, MOST_OTHERS_NS)
            frugal.others_ns = min(int(max(frugal.others_ns, self._most) * STEP), most)
        elif used * STEP < share and frugal.others_ns > self._most:
            frugal.others_ns = int(frugal.others_ns / STEP)
        elif used * STEP < share:
            frugal.others_ns = 0
            self._period = max(int(self._period / STEP), PERIOD_NS)
