"""Pools: what their threads wait in (`worker-thread`), which they may, and the work in line for them (`pool-queue`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from compare.observe.judge.ledger import Account, at_line
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from compare.observe.judge.lanes import Lanes
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.segments import Segment, Work
    from compare.observe.judge.threads import Key, Thread
    from compare.results import Site

LINE_NS = 1_000_000
"""A wait in a pool's line that is shorter is the time it takes to start a thread."""


class Pools:
    """The pools and their threads."""

    def __init__(self, ledger: Ledger, lanes: Lanes) -> None:
        """Enter what was found, and draw who was in line."""
        self._ledger, self._lanes = ledger, lanes
        self._of_processes: set[Key] = set()
        """Those whose work is done by processes."""
        self._members: dict[Key, set[Key]] = {}
        """Of each pool: forked processes have theirs at one address."""

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch of a pool's thread."""
        if segment.kind == "running" or segment.gil or is_idle(segment):
            return
        kind = "page-fault" if segment.kind == "off" else None
        account = Account("worker-thread", kind, thread.key, segment.call, segment.site)
        target = segment.contended or segment.target
        self._ledger.enter(account, segment.ns, segment.end, target=target, count=1 + segment.wakes, view=segment.view)

    def works(self, pool: int, thread: Thread) -> None:
        """A thread does a pool's work: its own, unless the loop's thread does it itself."""
        if not thread.loop:
            self._members.setdefault((thread.key[0], -pool), set()).add(thread.key)

    def waited(self, pid: int, work: Work, since: int, until: int) -> None:
        """Work was in line, until it was begun or given up."""
        if until - since < LINE_NS or not work.size or work.free:
            return
        account = Account("pool-queue", None, (pid, -work.pool), None, work.site)
        entry = self._ledger.enter(account, until - since, until)
        entry.name, entry.role = f"pool of {work.size}", "worker"
        if work.of_processes:
            self._of_processes.add(account.thread)
        self._lanes.in_line(account.thread, since, until, work.site)

    def faults_of(self, account: Account) -> str | None:
        """Say what pages a worker waits for while it keeps the GIL, if it does."""
        fault = replace(account, place="worker-thread", kind="page-fault")
        return f"pages of {self._ledger.target(fault) or 'memory'}" if self._ledger.counts(fault) else None

    def ahead(self, pool: Key) -> str | None:
        """Say what the pool's threads, or processes, were doing while others waited in line."""
        doing: Counter[tuple[str | None, Site | None]] = Counter()
        members, of_processes = self._members.get(pool, set()), pool in self._of_processes
        for account, entry in self._ledger:
            elsewhere = account.thread[0] != pool[0]
            is_one = account.thread in members if members else elsewhere is of_processes
            if account.place == "worker-thread" and account.kind != "hops" and is_one:
                doing[account.call, account.site] += entry.seen
        if not doing:
            return "behind other work of its processes" if of_processes else None
        call, site = doing.most_common(1)[0][0]
        threads = "a thread" if len(members) == 1 else f"{len(members) or 'other'} threads"
        threads = "its processes" if of_processes else threads
        return f"behind {threads}, mostly in {call or 'a page fault'}{at_line(site)}"


def is_idle(segment: Segment) -> bool:
    """Whether a pool's thread waits for work: it has none, and nothing but its pool's own code runs.

    Nor is a loop's poll that the loop does in a thread: trio's, when it is a guest.
    """
    view = segment.view
    if view is not None and view.library and segment.call in syscalls.POLLERS:
        return True
    if segment.work is not None:
        return False
    return view is None or not view.mine or (view.own and segment.locks)
