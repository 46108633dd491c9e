"""The end of a program that waits for its threads: nothing is left of the program in the main thread, which waits.

The interpreter ends only when its threads have: those of pools, too, with all the work that was handed to them. An
event loop may be ended first, and wait for its pool without being blocked: a thread of a library's own joins the pool's
threads then, while the loop polls, and nothing of the program's runs any more but that work.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from compare.observe.interpreter import sites
from compare.observe.interpreter.machinery import joins_a_pool
from compare.observe.judge.ledger import Account

if TYPE_CHECKING:
    from compare.observe.interpreter.views import View
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.lock_holders import LockHolders
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread, Threads

MOST_WAITS = 64
"""How many waits of a library's threads are kept, which may turn out to be the program's last."""


class ProgramExit:
    """What the program's end waits for. Its children are left out: what serves in one may be the library's own."""

    def __init__(self, pid: int, threads: Threads, ledger: Ledger, holders: LockHolders) -> None:
        """Of process `pid`: enter it, and ask `holders` for whom it waits."""
        self._main, self._threads, self._ledger, self._holders = (pid, pid), threads, ledger, holders
        self._ran = 0
        """When the last stretch of the program's own code in its main thread began."""
        self._last: deque[tuple[Account, Segment]] = deque(maxlen=MOST_WAITS)

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch of any thread."""
        view, is_main = segment.view, thread.key == self._main
        if is_main and view is not None and view.mine and not segment.polls:
            self._ran = segment.start
        if thread.key[0] != self._main[0] or not segment.locks or view is None or not _is_over(view):
            return
        account = Account("worker-thread", "exit", thread.key, segment.call, None)
        self._holders.ask(account, segment, of_pool=not is_main)
        if is_main:
            self._enter(account, segment)
        elif joins_a_pool(view.stack):
            self._last.append((account, segment))

    def _enter(self, account: Account, segment: Segment) -> None:
        entry = self._ledger.enter(account, segment.ns, segment.end, view=segment.view)
        entry.role, entry.name = "main", self._threads.name(self._main)

    def finish(self) -> None:
        """The program has ended: a pool's own code that waited last, after all of the program's, held it up."""
        for account, segment in self._last:
            if segment.start >= self._ran:
                self._enter(account, segment)

    def told(self, account: Account) -> str:
        """Return what the exit waits for."""
        return self._holders.found.holder(account) or "its other threads"


def _is_over(view: View) -> bool:
    """Whether nothing is on the main thread's stack but the standard library's own, called by nobody."""
    if view.loop or view.pool or not view.stack:
        return False
    filenames = [frame.code.filename for frame in view.stack]
    # What starts a module of the standard library's (`python -m`) is there while that runs.
    return all(sites.owner(each) == "library" for each in filenames) and "runpy" not in filenames[-1]
