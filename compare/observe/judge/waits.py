"""What a loop's thread waited in, in a turn of its: `loop-thread`, `lock`, `gil` or `page-fault`, by its nature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.interpreter import sites
from compare.observe.judge.computing import get_no_cpu
from compare.observe.judge.ledger import Account

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.lock_holders import LockHolders
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Key
    from compare.observe.judge.turns import Turn
    from compare.results import Place

OURS = "starved-thread"
"""The kind of a wait for a thread of the observer's: it needs some microseconds, if it is given a CPU."""


def judge(turn: Turn, ledger: Ledger, holders: LockHolders, threshold_ns: int) -> None:
    """Enter every wait: any call that is not the loop's own poller.

    A thread that has been woken, and is in line for a CPU, no longer waits for what it was in: that is the machine's.
    """
    for segment in turn.segments:
        if segment.kind == "running":
            continue
        if segment.gil:
            _for_the_gil(turn, segment, ledger, holders)
        else:
            account, target = told_as(turn.thread.key, segment)
            if account.kind != OURS:
                holders.ask(account, segment)
            count, delayed = 1 + segment.wakes, min(segment.delay, segment.ns)
            ledger.enter(
                account, segment.ns - delayed, segment.end, target=target, count=count, hold=turn.hold,
                view=segment.view,
            )  # fmt: skip
            if delayed >= threshold_ns:
                get_no_cpu(turn, delayed, segment.end, ledger)


def told_as(thread: Key, segment: Segment) -> tuple[Account, str | None]:
    """Return what a wait of a loop's thread is entered as, and what it is for, as far as the wait itself tells."""
    where, kind = place(segment), "import" if segment.awaits_import else "start" if segment.awaits_start else None
    if where == "lock" and _is_ours(segment):
        return Account("kernel", OURS, thread, segment.call, segment.site), "a thread of the observer"
    return Account(where, kind, thread, segment.call, segment.site), segment.contended or segment.target


def _is_ours(segment: Segment) -> bool:
    """Whether it is the observer's own code that waits in the program's thread: around a fork, for its own thread."""
    files = (frame.code.filename for frame in segment.view.stack) if segment.view is not None else ()
    first = next((each for each in files if sites.is_ours(each) or sites.owner(each) != "library"), None)
    return first is not None and sites.is_ours(first)


def place(segment: Segment) -> Place:
    """Return where a loop's thread waits."""
    if segment.kind == "off":
        return "page-fault"
    return "lock" if segment.locks else "loop-thread"


def _for_the_gil(turn: Turn, segment: Segment, ledger: Ledger, holders: LockHolders) -> None:
    """A wait for the GIL is told of those who had it, by how often each was seen to have it."""
    pid, waiter = turn.thread.key
    seen = sum(segment.holders.values())
    for holder, times in segment.holders.items():
        tid, call, site = holder
        if tid != waiter:
            kind = "gc" if holder in segment.collectors else None
            account = Account("gil", kind, (pid, tid), call, site)
            holders.ask_of_gil(account, turn.thread.key, segment, times / seen)
            share, view = segment.ns * times // seen, segment.kept_at.get(holder)
            ledger.enter(account, share, segment.end, hold=turn.hold, view=view)
