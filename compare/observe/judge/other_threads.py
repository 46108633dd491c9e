"""Threads of no loop and no pool: they may wait as they like, and are told where threads are what is compared.

A worker that was written by hand is told too: it comes back to one line again and again, to wait for work.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from compare.observe.judge.ledger import Account

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread
    from compare.results import Site

MOST_WAITS = 200


@dataclass(slots=True)
class _Waits:
    visits: Counter[Site | None] = field(default_factory=Counter)
    """How often it waited for work, and where: a worker by hand comes back to one line."""
    others: list[Segment] = field(default_factory=list)
    """What else it waited for, until it is known whether it is one."""


class OtherThreads:
    """The threads that are free to wait."""

    def __init__(self, ledger: Ledger, *, told: bool) -> None:
        """`told`: whether all of them are of interest, and not only workers by hand."""
        self._ledger, self._told = ledger, told
        self._waits: dict[Thread, _Waits] = {}

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch."""
        view = segment.view
        if segment.kind == "running" or segment.gil or view is None or not view.mine:
            return
        waits = self._waits.setdefault(thread, _Waits())
        if segment.locks and segment.contended is None:
            waits.visits[segment.site] += 1
            return
        by_hand = any(times >= 2 for times in waits.visits.values()) and thread.key[1] != thread.key[0]
        if not (self._told or by_hand):
            if len(waits.others) < MOST_WAITS:
                waits.others.append(segment)
            return
        for each in (*waits.others, segment):
            self._enter(thread, each)
        waits.others.clear()

    def ends(self, thread: Thread) -> None:
        """A thread has ended."""
        self._waits.pop(thread, None)

    def _enter(self, thread: Thread, segment: Segment) -> None:
        kind = "page-fault" if segment.kind == "off" else None
        account = Account("worker-thread", kind, thread.key, segment.call, segment.site)
        self._ledger.enter(
            account, segment.ns, segment.end, target=segment.target, count=1 + segment.wakes, view=segment.view
        )
