"""What was found in the last seconds, second by second: for a recorder, which forgets what is older."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from compare.observe.judge.ledger import Entry
from compare.results import LoopHold

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Account, Wait
    from compare.observe.judge.threads import Key
    from compare.observe.judge.turns import Hold

MS = 1_000_000
SECOND_NS = 1_000 * MS
MOST_HOLDS = 2_000
"""How many turns of one second are kept: more than all loops can be seen to make."""


@dataclass(slots=True)
class _Second:
    number: int
    entries: dict[Account, Entry] = field(default_factory=dict)
    holds: deque[Hold] = field(default_factory=lambda: deque(maxlen=MOST_HOLDS))


class Recent:
    """Takes each wait that counts, and each turn; times are nanoseconds on `CLOCK_MONOTONIC`."""

    def __init__(self, keep_ns: int) -> None:
        """Keep what ended in the last `keep_ns`, to the second."""
        self._keep = keep_ns
        self._seconds: deque[_Second] = deque()

    def hear(self, account: Account, wait: Wait) -> None:
        """A wait counts."""
        self._second(wait.until).entries.setdefault(account, Entry()).count_in(wait)

    def turned(self, until: int, hold: Hold) -> None:
        """A turn of a loop held it for so long; whether it counts may be known later."""
        if hold.ns:
            self._second(until).holds.append(hold)

    def _second(self, at: int) -> _Second:
        """The one of this moment: the last, or one shortly before, as threads are judged one by one."""
        number = at // SECOND_NS
        for second in reversed(self._seconds):
            if second.number == number:
                return second
            if second.number < number:
                break
        fresh = _Second(number)
        if not self._seconds or self._seconds[-1].number < number:
            self._seconds.append(fresh)
        else:
            self._seconds.insert(next(n for n, each in enumerate(self._seconds) if each.number > number), fresh)
        self.forget(self._seconds[-1].number * SECOND_NS)
        return fresh

    def forget(self, now: int) -> None:
        """Forget what is older than what is kept."""
        while self._seconds and (self._seconds[0].number + 1) * SECOND_NS < now - self._keep:
            self._seconds.popleft()

    def drop(self, thread: Key) -> None:
        """Leave out what was found of a thread."""
        for second in self._seconds:
            second.entries = {each: entry for each, entry in second.entries.items() if each.thread != thread}

    def entries(self) -> dict[Account, Entry]:
        """Return what counts, by account."""
        found: dict[Account, Entry] = {}
        for second in self._seconds:
            for account, entry in second.entries.items():
                before = found.get(account)
                found[account] = entry if before is None else before.with_more(entry)
        return found

    def told(self) -> LoopHold:
        """Return how loops were held."""
        held = [hold.ns for second in self._seconds for hold in second.holds if hold.counts]
        return LoopHold(len(held), max(held, default=0) / MS, sum(held) / MS)
