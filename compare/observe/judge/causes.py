"""Says what was waited for, as it is told: the cause behind a wait is known only when all waits are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compare.observe.judge.holders_found import HoldersFound
    from compare.observe.judge.hops import Hops
    from compare.observe.judge.ledger import Account, Entry, Ledger
    from compare.observe.judge.own_queues import OwnQueues
    from compare.observe.judge.pools import Pools
    from compare.observe.judge.program_exit import ProgramExit
    from compare.observe.judge.threads import Key
    from compare.observe.judge.turns import Holds
    from compare.results import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Turns what is in the ledger into findings, with what everybody else knows of it.

    `own` are the observer's own threads.
    """

    ledger: Ledger
    holders: HoldersFound
    holds: Holds
    hops: Hops
    pools: Pools
    own_queues: OwnQueues
    exit: ProgramExit
    own: set[Key]
    threshold_ns: int

    def finding(self, account: Account, entry: Entry) -> Finding | None:
        """Return what is told of an account and its entry; `None` where that is of no interest."""
        if not self._is_told(account):
            return None
        shown = self._as_told(account)
        return replace(self.ledger.finding(account, entry, self._target), place=shown.place, kind=shown.kind)

    def _target(self, account: Account, known: str | None) -> str | None:
        """What was waited for: what the waits themselves told, and what is known from elsewhere."""
        if account.place == "pool-queue":
            queues = self.own_queues if self.own_queues.has(account.thread) else self.pools
            return queues.ahead(account.thread)
        if account.kind == "hops":
            return self.hops.told(account)
        if account.kind == "exit":
            return self.exit.told(account)
        if account.place == "gil":
            hardly_ran = self.holders.hardly_ran(account, self.threshold_ns)
            return None if hardly_ran else self.holders.without_a_cpu(account) or self.pools.faults_of(account)
        if account.place != "lock":
            return known
        return self.holders.starved_thread(account) or self.holders.told(account, known)

    def _as_told(self, account: Account) -> Account:
        """A wait for a thread that was given no CPU is the machine's matter."""
        if account.place == "lock" and self.holders.starved_thread(account) is not None:
            return replace(account, place="kernel", kind="starved-thread")
        if account.kind == "start":
            return replace(account, kind=None)
        if account.place == "gil" and (
            account.thread in self.own or self.holders.hardly_ran(account, self.threshold_ns)
        ):
            return replace(account, place="kernel", kind="starved-holder")
        return account

    def _is_told(self, account: Account) -> bool:
        """Whether what was found is of interest, whatever it comes to."""
        if account.kind == "hops":
            return self.hops.is_told(account)
        if account.kind == "stopped":
            return self.holds.saw_loop
        # A worker that keeps the GIL may not wait: that it does is told of the GIL.
        return account.place != "worker-thread" or not self.ledger.counts(replace(account, place="gil", kind=None))
