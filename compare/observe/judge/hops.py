"""Hops: work that a loop hands to a thread a little at a time, where the way there and back costs more than the work.

No single wait is long, so nothing else tells of them: a file that is read line by line through a thread is the
commonest way in which asynchronous file I/O is slow. They are counted by the line that asks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from compare.observe.judge.ledger import Account, Wait
from compare.results import milliseconds

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Entry, Ledger
    from compare.observe.judge.segments import Work
    from compare.observe.judge.threads import Thread
    from compare.results import Site

MS = 1_000_000
RETURN_NS = MS
"""Within what time after one hop the next is asked for, where a task makes one after the other: the loop wakes and the
task goes on, which takes a tenth of that; a client's next request takes longer, or comes in between."""
MOST_RETURN_NS = 5 * MS
"""Within what time it is still taken for a way back that took longer, for want of a CPU."""
LEAST_HOPS = 200
"""How many hops at one line are many: a program's start makes some tens."""
SEQUENCE = 0.5
"""What part of them must have come right after another, or beside it: then the line does little but hop. Requests of
clients that each hop once come at times of their own: of 500 a second, at random, 40 % so."""
COSTS = 2
"""How many times what the work itself takes the hops must have cost."""
KEPT = 1024
"""Of how many pieces of work it is known how long they took."""


@dataclass(slots=True)
class _Line:
    account: Account
    entry: Entry
    hops: int = 0
    in_sequence: int = 0
    """How many were asked for soon after the one before was done, or while that was on its way."""
    until: int = 0
    """When the last one was done."""
    counted: int = 0
    """Until when time is counted: the next is often asked for before it is noted that the one before is done."""
    cost: int = 0
    """Nanoseconds in which a piece of work, or the loop's way to the next, was under way."""
    took: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT))
    """How long the last pieces of work took."""

    @property
    def work(self) -> int:
        """What the work takes by itself: that a thread waits for the GIL in it, so for the others, is no work."""
        return int(median(self.took) * self.hops) if self.took else 0


class Hops:
    """The hops of each line of each loop."""

    def __init__(self, ledger: Ledger) -> None:
        """Enter each hop; `is_told` says of which lines it matters."""
        self._ledger = ledger
        self._lost = False
        self._lines: dict[Account, _Line] = {}
        self._asking: dict[tuple[Thread, Site], _Line] = {}
        """The same by who asks and where: it is looked for with each hop."""

    def asked(self, thread: Thread, site: Site | None, at: int) -> None:
        """A loop's thread hands work over: the way back from the hop before ended here."""
        if not thread.loop or site is None:
            return
        line = self._asking.get((thread, site))
        if line is None:
            account = Account("worker-thread", "hops", thread.key, None, site)
            line = self._asking[thread, site] = self._lines[account] = _Line(account, self._ledger.opened(account))
        back = at - line.until
        if line.until and back <= MOST_RETURN_NS:
            line.in_sequence += back <= RETURN_NS
            self._cost(line, line.until, at, count=0)

    def done(self, thread: Thread, work: Work, at: int) -> None:
        """What it handed over is done."""
        line = self._asking.get((thread, work.site)) if work.site is not None else None
        if line is None or work.started is None:
            return
        line.hops += 1
        line.took.append(at - work.started)
        self._cost(line, work.asked, at, count=1)
        line.until = max(line.until, at)

    def lost(self) -> None:
        """There were more than those that were noted."""
        self._lost = True

    def _cost(self, line: _Line, since: int, until: int, *, count: int) -> None:
        ns = max(until - max(since, line.counted), 0)
        line.counted = max(until, line.counted)
        line.cost += ns
        self._ledger.add(line.account, line.entry, Wait(until, ns, count, None, None, None))

    def is_told(self, account: Account) -> bool:
        """Whether the hops of a line are many, come close together, and cost more than what they are for."""
        line = self._lines[account]
        many = line.hops >= LEAST_HOPS and line.in_sequence >= SEQUENCE * line.hops
        return many and line.cost >= COSTS * line.work

    def told(self, account: Account) -> str:
        """Return what they were for, by the piece of work in the middle of them, and whether notes were lost."""
        work = f"{milliseconds(self._lines[account].work / MS)} of work"
        return f"{work}, and more that could not be counted" if self._lost else work
