"""The book of findings: what was entered under one place, thread, call and line is one finding."""

from __future__ import annotations

import linecache
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from compare.results import LOOP_PLACES, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compare.observe.interpreter.views import View
    from compare.observe.judge.threads import Key, Threads
    from compare.results import Place, Role, Site

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Account:
    """What a finding is known by."""

    place: Place
    kind: str | None
    thread: Key
    call: str | None
    site: Site | None


@dataclass(slots=True)
class Entry:
    """What was entered under one account; times in nanoseconds."""

    count: int = 0
    total: int = 0
    longest: int = 0
    targets: dict[str, None] = field(default_factory=dict)
    name: str | None = None
    role: Role | None = None
    view: View | None = None
    """The stack in the longest one."""


class Ledger:
    """Takes waits in, gives findings out."""

    def __init__(self, threads: Threads, threshold_ns: int) -> None:
        """Tell what comes to `threshold_ns` or more."""
        self._threads, self._threshold = threads, threshold_ns
        self._entries: dict[Account, Entry] = {}

    def __iter__(self) -> Iterator[tuple[Account, Entry]]:
        """Yield every account with what was entered under it."""
        return iter(self._entries.items())

    def enter(
        self, account: Account, ns: int, *, target: str | None = None, count: int = 1, view: View | None = None
    ) -> Entry:
        """Enter a wait, or `count` of them that took `ns` in all; `view` is the stack in it."""
        entry = self._entries.setdefault(account, Entry())
        entry.count += count
        entry.total += ns
        each = ns // max(count, 1)
        if each >= entry.longest:
            entry.longest, entry.view = each, view or entry.view
        if target is not None:
            entry.targets[target] = None
        return entry

    def findings(self, ahead: Callable[[int], str | None]) -> tuple[Finding, ...]:
        """Return what is to be told, worst first; `ahead` says what the threads of a pool did meanwhile."""
        told = [self._finding(*each, ahead) for each in self if each[1].total >= self._threshold]
        return tuple(sorted(told, key=lambda finding: (finding.place not in LOOP_PLACES, -finding.total_ms)))

    def _finding(self, account: Account, entry: Entry, ahead: Callable[[int], str | None]) -> Finding:
        site = account.site
        in_line = account.place == "pool-queue"
        return Finding(
            place=account.place,
            kind=account.kind,
            thread=entry.name or self._threads.name(account.thread),
            role=entry.role or self._threads.role(account.thread),
            call=account.call,
            target=ahead(-account.thread[1]) if in_line else _target(account.place, entry),
            site=site,
            code=_source(site),
            count=entry.count,
            total_ms=entry.total / MS,
            longest_ms=entry.longest / MS,
            task=entry.view.doing if entry.view is not None else None,
            stack=entry.view.sites() if entry.view is not None else (),
        )


def _source(site: Site | None) -> str | None:
    try:
        return linecache.getline(site.file, site.line).strip() or None if site is not None else None
    except Exception:  # noqa: BLE001  whatever lies at that name: a line that can't be shown is no reason to tell nothing
        return None


def _target(place: Place, entry: Entry) -> str | None:
    if not entry.targets:
        return "a lock" if place == "lock" else None
    first = next(iter(entry.targets))
    return first if len(entry.targets) == 1 else f"{first} and {len(entry.targets) - 1} more"
