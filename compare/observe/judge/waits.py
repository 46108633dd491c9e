"""What a loop's thread waited in, in a turn of its: `loop-thread`, `lock`, `gil` or `page-fault`, by its nature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.judge.ledger import Account

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread
    from compare.observe.judge.turns import Turn
    from compare.results import Place


def judge(turn: Turn, ledger: Ledger) -> None:
    """Enter every wait: any call that is not the loop's own poller."""
    for segment in turn.segments:
        if segment.kind == "running":
            continue
        if segment.gil:
            _for_the_gil(turn.thread, segment, ledger)
        else:
            account = Account(place(segment), None, turn.thread.key, segment.call, segment.site)
            target = segment.contended or segment.target
            ledger.enter(account, segment.ns, target=target, count=1 + segment.wakes, view=segment.view)


def place(segment: Segment) -> Place:
    """Return where a loop's thread waits."""
    if segment.kind == "off":
        return "page-fault"
    return "lock" if segment.locks else "loop-thread"


def _for_the_gil(thread: Thread, segment: Segment, ledger: Ledger) -> None:
    """A wait for the GIL is told of those who had it, by how often each was seen to."""
    pid, waiter = thread.key
    seen = sum(segment.holders.values())
    for (tid, call, site), times in segment.holders.items():
        if tid != waiter:
            ledger.enter(Account("gil", None, (pid, tid), call, site), segment.ns * times // seen)
