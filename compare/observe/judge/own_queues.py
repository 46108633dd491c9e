"""Threads that a library or a program makes for itself, with a queue of its own: what stands in line for them.

Nobody tells what is in such a queue. But when the thread completes a future of a loop's, it can be seen how many things
are in the queue: so many futures that it completes next, and that were made before, were queued until then, behind
what it was at work for. A thread that waits at a lock has nothing to do: from before that nothing stood in line. Nor
does anything stand in line for one that waits for several things at a time, in a poller: it hands on what others do,
as the thread of a pool of processes. Of one that delivers what comes from elsewhere, as events do, nothing is told: it
has no such queue, or an empty one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from compare.observe.judge.ledger import Account, at_line
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.segments import Delivered, Segment
    from compare.observe.judge.threads import Key, Thread
    from compare.results import Site

LINE_NS = 1_000_000
"""What stood in line for less is no line: the thread woke for it."""
MOST_DOING = 64
"""How many things that a thread does are told apart."""


@dataclass(slots=True)
class _Worker:
    rested: int = 0
    """Until when it waited at a lock or in a poller last: for work, as far as is known."""
    done: int = 0
    """When it completed a future last."""
    queued: int = 0
    """How many things were in its queue then."""
    doing: Counter[tuple[str | None, Site | None]] = field(default_factory=Counter)
    """What it waited in while it had work, in nanoseconds; with `None` for a call it computed."""


class OwnQueues:
    """The threads of no pool that complete futures; times are nanoseconds."""

    def __init__(self, ledger: Ledger) -> None:
        """Enter what waited."""
        self._ledger = ledger
        self._workers: dict[Key, _Worker] = {}
        self._queues: set[Key] = set()

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch of a thread that is a loop's or a pool's in no way."""
        worker = self._of(thread)
        if segment.locks or (segment.call in syscalls.POLLERS and not segment.alone):
            worker.rested = segment.end
        elif len(worker.doing) < MOST_DOING or (segment.call, segment.site) in worker.doing:
            worker.doing[segment.call, segment.site] += segment.ns

    def _of(self, thread: Thread) -> _Worker:
        worker = self._workers.get(thread.key)
        if worker is None:
            worker = self._workers[thread.key] = _Worker()
        return worker

    def ends(self, thread: Thread) -> None:
        """A thread has ended; what is told of it stays."""
        if thread.key not in self._queues:
            self._workers.pop(thread.key, None)

    def delivered(self, thread: Thread, work: Delivered) -> None:
        """The thread completes a future."""
        worker = self._of(thread)
        before, since = worker.done, max(work.made, worker.rested)
        if worker.queued and before - since >= LINE_NS:
            account = Account("pool-queue", None, thread.key, None, work.site)
            self._ledger.enter(account, before - since, before).role = "other"
            self._queues.add(thread.key)
        worker.done, worker.queued = work.at, max(work.queued, worker.queued - 1)

    def has(self, key: Key) -> bool:
        """Whether anything stood in line for this thread."""
        return key in self._queues

    def ahead(self, key: Key) -> str:
        """Say what the thread did meanwhile."""
        doing = self._workers[key].doing
        call, site = max(doing, key=doing.__getitem__, default=(None, None))
        return f"behind its other work, mostly {f'in {call}' if call else 'computing'}{at_line(site)}"
