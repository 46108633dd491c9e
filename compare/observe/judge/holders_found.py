"""Who was found to hold the locks that were waited for, and how that is told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from compare.observe.judge.stretches import Doing, does
from compare.observe.kernel.locks import OWN
from compare.results import milliseconds

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Account
    from compare.observe.judge.threads import Key, Threads

MS = 1_000_000
NEW_THREAD = "a new thread"

Holder = tuple["Key", Doing]
"""A thread, and what it did for most of the time."""


class HoldersFound:
    """Who held what each account waited for, for how long.

    Attributes:
        starved: how long each waited for which thread that was given no CPU, in nanoseconds.
        told_apart: those who waited long enough, once at least, to tell from one another who was awake.
        woken: those who waited to be woken, at a lock of their own: nobody holds that, somebody lets go of it.
        of_processes: those who waited for work that another process did.
        given_up: how long each waited until it gave up: nobody was awake then, who could have let go of the lock.
        with_others: the threads that were not alone in their process when they waited.
    """

    def __init__(self, threads: Threads) -> None:
        """Nothing has been found."""
        self._threads = threads
        self._held: dict[Account, Counter[Holder | None]] = {}
        self.starved: dict[Account, Counter[Key]] = {}
        self.told_apart: set[Account] = set()
        self.woken: set[Account] = set()
        self.of_processes: set[Account] = set()
        self.given_up: Counter[Account] = Counter()
        self.with_others: set[Key] = set()

    def count(self, account: Account, holder: Holder | None, ns: int) -> None:
        """An account waited so long for a holder; `None`: it is not known for whom."""
        self._held.setdefault(account, Counter())[holder] += ns

    def told(self, account: Account, known: str | None) -> str:
        """Return the lock with its holder; `known`: what the wait itself tells of it."""
        if account.kind in {"import", "start"}:
            return self._imported(account) if account.kind == "import" else self._started(account)
        found = self._held.get(account)
        if not found or account not in self.told_apart or (known is not None and not known.endswith(OWN)):
            return known or "a lock"
        holder = _mostly_held(found)
        if account in self.of_processes and (holder is None or holder[0][0] != account.thread[0]):
            return self._result(holder)
        if holder is None:
            return known or self._of_nobody(account, found.total())
        return self._held_by(holder, account, known)

    def _held_by(self, holder: Holder, account: Account, known: str | None) -> str:
        key, doing = holder
        name = self._threads.name(key)
        if known is not None:
            return f"{known}, in thread {name}, which {does(doing)}"
        others = len({each[0] for each in self._held[account] if each is not None}) - 1
        more = f", and by {others} more" if others else ""
        if account in self.woken:
            return f"a lock that thread {name}{more and ' and others'} releases, which {does(doing)}"
        return f"a lock held by thread {name}{more}, which {does(doing)}"

    def _result(self, holder: Holder | None) -> str:
        if holder is None:
            return "the result of a pool's process"
        (pid, _), doing = holder
        return f"the result of {self._threads.process(pid)}, which {does(doing)}"

    def _of_nobody(self, account: Account, ns: int) -> str:
        if account.thread not in self.with_others:
            return "a lock that no other thread can release"
        given_up = 2 * self.given_up[account] > ns
        return "a lock that nobody let go of meanwhile" if given_up else "a lock whose holder can't be known"

    def _imported(self, account: Account) -> str:
        holder = _mostly_held(self._held.get(account))
        if holder is None:
            return "a module that another thread imports"
        key, doing = holder
        return f"a module that thread {self._threads.name(key)} imports, which {does(doing)}"

    def _started(self, account: Account) -> str:
        holder = _mostly_held(self._held.get(account))
        if holder is None:
            return f"{NEW_THREAD} to begin"
        key, doing = holder
        return f"{NEW_THREAD} to begin: thread {self._threads.name(key)} {does(doing)}"

    def starved_thread(self, account: Account) -> str | None:
        """Return the thread that was waited for, if it was given no CPU for most of that time."""
        if account.kind == "start":  # one that began at once is not in the books
            found = self._held.get(account)
            return NEW_THREAD if found and _mostly_held(found) is None else None
        starved = self.starved.get(account)
        if not starved or 2 * starved.total() <= self._held[account].total():
            return None
        return f"thread {self._threads.name(starved.most_common(1)[0][0])}"

    def hardly_ran(self, account: Account, most_ns: int) -> bool:
        """Whether the GIL's holder was given a CPU for less than `most_ns`, of a wait that was longer than that."""
        starved = self.starved.get(account, Counter()).total()
        return starved > 0 and self._held[account].total() - starved < most_ns <= starved

    def without_a_cpu(self, account: Account) -> str | None:
        """Say for how long the GIL's holder was given no CPU, where that is most of the wait."""
        starved = self.starved.get(account, Counter()).total()
        is_most = 2 * starved > self._held.get(account, Counter()).total()
        return f"a CPU, {milliseconds(starved / MS)} of that" if is_most else None

    def holder(self, account: Account) -> str | None:
        """Return the thread that was waited for, and what it did; `None` if that is not known."""
        holder = _mostly_held(self._held.get(account))
        return f"thread {self._threads.name(holder[0])}, which {does(holder[1])}" if holder is not None else None


def _mostly_held(found: Counter[Holder | None] | None) -> Holder | None:
    """Return who held a lock the longest; `None` where that is not known for most of the time."""
    known = Counter({holder: ns for holder, ns in (found or {}).items() if holder is not None})
    return max(known, key=known.__getitem__) if found and 2 * known.total() >= found.total() > 0 else None
