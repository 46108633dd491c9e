"""What has been found of late: each stall as it ends.

The ledger tells every wait here once it counts. A live view, a log and a program's own callback take what is new since
they asked last. What is kept until then is bounded, and what has no room is counted.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from compare.observe.judge.ledger import Entry
from compare.results import LoopTurn, Stall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from compare.observe.judge.ledger import Account, Wait
    from compare.observe.judge.threads import Key
    from compare.observe.judge.turns import Hold
    from compare.results import Finding

MS = 1_000_000
MOST_FRESH = 2_000
"""How many stalls, and how many turns, are kept until somebody asks."""
FOLDED = ("worker-thread", "pool-queue")
"""Where many wait at a time: those of one account are told as one."""


@dataclass(slots=True)
class _Heard:
    account: Account
    entry: Entry
    """The ledger's, which knows the names."""
    own: Entry
    """Of this stall alone."""
    until: int


class Stalls:
    """Takes each wait that counts, and each turn; times are nanoseconds on `CLOCK_MONOTONIC`."""

    def __init__(self, threshold_ns: int) -> None:
        """Short waits are told once they come to the threshold."""
        self._threshold = threshold_ns
        self._pending: dict[Account, Entry] = {}
        self._fresh: deque[_Heard] = deque(maxlen=MOST_FRESH)
        self._turns: deque[tuple[Key, int, int]] = deque(maxlen=MOST_FRESH)
        self._unheard = 0

    def hear(self, account: Account, entry: Entry, wait: Wait) -> None:
        """A wait counts."""
        own = self._pending.setdefault(account, Entry())
        own.count_in(wait)
        if own.total < self._threshold:
            return
        del self._pending[account]
        self._unheard += len(self._fresh) == MOST_FRESH
        self._fresh.append(_Heard(account, entry, own, wait.until))

    def turned(self, key: Key, until: int, hold: Hold) -> None:
        """A turn of a loop held it for so long."""
        if hold.ns:
            self._unheard += len(self._turns) == MOST_FRESH
            self._turns.append((key, until, hold.ns))

    def drop(self, thread: Key) -> None:
        """Leave out what was found of a thread."""
        self._pending = {each: entry for each, entry in self._pending.items() if each.thread != thread}
        self._fresh = deque((each for each in self._fresh if each.account.thread != thread), maxlen=MOST_FRESH)

    def fresh(self, finding: Callable[[Account, Entry], Finding | None]) -> tuple[Stall, ...]:
        """Return the stalls since it was asked last; `finding` tells an account, and `None` what is of no interest."""
        heard, self._fresh = self._fresh, deque(maxlen=MOST_FRESH)
        epoch = time.time_ns() - time.monotonic_ns()
        told = []
        folded = _folded(each for each in heard if each.account.place in FOLDED)
        for each in (*(each for each in heard if each.account.place not in FOLDED), *folded):
            own = replace(each.own, name=each.entry.name, role=each.entry.role)
            if (found := finding(each.account, own)) is not None:
                told.append(Stall((epoch + each.until) / 1e9, each.account.thread[0], found, each.account.thread[1]))
        return tuple(sorted(told, key=lambda stall: stall.ended))

    def turns(self, name: Callable[[Key], str], began: int) -> tuple[LoopTurn, ...]:
        """Return the turns since it was asked last."""
        turns, self._turns = self._turns, deque(maxlen=MOST_FRESH)
        return tuple(LoopTurn(key[0], name(key), (until - began) / MS, ns / MS) for key, until, ns in turns)

    def unheard(self) -> int:
        """Return how many had no room since it was asked last."""
        count, self._unheard = self._unheard, 0
        return count


def _folded(heard: Iterable[_Heard]) -> list[_Heard]:
    """Those of one account as one, which ended with the last of them."""
    found: dict[Account, _Heard] = {}
    for each in heard:
        before = found.get(each.account)
        own = each.own if before is None else before.own.with_more(each.own)
        found[each.account] = _Heard(each.account, each.entry, own, each.until)
    return list(found.values())
