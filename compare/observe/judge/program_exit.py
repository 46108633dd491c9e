"""The end of a program that waits for its threads: nothing is left of the program in the main thread, which waits.

The interpreter ends only when its threads have: those of pools, too, with all the work that was handed to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.interpreter import sites
from compare.observe.judge.ledger import Account

if TYPE_CHECKING:
    from compare.observe.interpreter.views import View
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.lock_holders import LockHolders
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread


class ProgramExit:
    """What the program's end waits for. Its children are left out: what serves in one may be the library's own."""

    def __init__(self, pid: int, ledger: Ledger, holders: LockHolders) -> None:
        """Of process `pid`: enter it, and ask `holders` for whom it waits."""
        self._main, self._ledger, self._holders = (pid, pid), ledger, holders

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch of any thread."""
        if thread.key != self._main or not segment.locks or segment.view is None or not _is_over(segment.view):
            return
        account = Account("worker-thread", "exit", thread.key, segment.call, None)
        self._holders.ask(account, segment)
        self._ledger.enter(account, segment.ns, segment.end, view=segment.view).role = "main"

    def told(self, account: Account) -> str:
        """Return what the exit waits for."""
        return self._holders.holder(account) or "its other threads"


def _is_over(view: View) -> bool:
    """Whether nothing is on the main thread's stack but the standard library's own, called by nobody."""
    if view.loop or view.pool or not view.stack:
        return False
    filenames = [frame.code.filename for frame in view.stack]
    # What starts a module of the standard library's (`python -m`) is there while that runs.
    return all(sites.owner(each) == "library" for each in filenames) and "runpy" not in filenames[-1]
