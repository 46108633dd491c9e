"""The book of findings: what was entered under one place, thread, call and line is one finding.

A wait counts if it is as long as the threshold, or if many under one account add up to that within a second: 10 ms
in a second are a hundredth of a loop's time, which its clients can feel; the same in seven minutes is nothing.
"""

from __future__ import annotations

import linecache
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from compare.observe.interpreter.views import fuller
from compare.results import LOOP_PLACES, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from compare.observe.interpreter.views import View
    from compare.observe.judge.threads import Key, Threads
    from compare.observe.judge.turns import Hold
    from compare.results import Place, Role, Site

MS = 1_000_000
WINDOW_NS = 1_000 * MS
MOST_TARGETS = 1_000
"""How many things that were waited for are told apart under one account: a service may have a new client each time."""
MOST_ALIKE = 1_000
"""How many threads that have ended are told apart, of those that waited alike."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a finding is known by."""

    place: Place
    kind: str | None
    thread: Key
    call: str | None
    site: Site | None


@dataclass(slots=True)
class Wait:
    """One wait, or several, one right after the other; times in nanoseconds."""

    until: int
    ns: int
    count: int
    target: str | None
    hold: Hold | None
    view: View | None
    counted: bool = False


@dataclass(slots=True)
class Entry:
    """What was entered under one account, and what of it counts; times in nanoseconds."""

    count: int = 0
    total: int = 0
    longest: int = 0
    seen: int = 0
    """All waits together, those that don't count too."""
    targets: dict[str, None] = field(default_factory=dict)
    name: str | None = None
    role: Role | None = None
    view: View | None = None
    """The stack in the longest one."""
    recent: deque[Wait] = field(default_factory=deque)
    """Those of the last second, which are `in_window` together."""
    in_window: int = 0

    def add(self, wait: Wait, threshold_ns: int) -> list[Wait]:
        """Take a wait; returns those that count from now on, in order."""
        self.seen += wait.ns
        while self.recent and self.recent[0].until <= wait.until - WINDOW_NS:
            self.in_window -= self.recent.popleft().ns
        self.recent.append(wait)
        self.in_window += wait.ns
        fresh: list[Wait] = []
        if self.in_window >= threshold_ns:
            for each in reversed(self.recent):
                if each.counted:
                    break
                each.counted = True
                fresh.append(each)
                self.count_in(each)
        return fresh[::-1]

    @property
    def is_unread(self) -> bool:
        """Whether it counts, though no stack could be read in any of its waits."""
        return self.total > 0 and self.view is None

    def with_more(self, other: Entry) -> Entry:
        """Return the entry with what counts of another."""
        longest = max(self, other, key=lambda each: each.longest)
        targets = dict(islice({**self.targets, **other.targets}.items(), MOST_TARGETS))
        total, count, seen = self.total + other.total, self.count + other.count, self.seen + other.seen
        view = longest.view or self.view or other.view
        return replace(self, count=count, total=total, longest=longest.longest, seen=seen, targets=targets, view=view)

    def count_in(self, wait: Wait) -> None:
        """What counts is told."""
        self.count += wait.count
        self.total += wait.ns
        each = wait.ns // max(wait.count, 1)
        if each >= self.longest:
            self.longest, self.view = each, fuller(wait.view, self.view)
        if wait.target is not None and len(self.targets) < MOST_TARGETS:
            self.targets[wait.target] = None
        if wait.hold is not None:
            wait.hold.count()


def _shared(view: View | None, other: View | None) -> View | None:
    """Return the other view, where it is of the same lines: of many threads one is kept."""
    if view is None or other is None or view.doing is not None or len(view.stack) != len(other.stack):
        return view
    same = all(one.code is two.code and one.line == two.line for one, two in zip(view.stack, other.stack, strict=True))
    return other if same else view


class Ledger:
    """Takes waits in, gives findings out."""

    def __init__(
        self, threads: Threads, threshold_ns: int, hear: Callable[[Account, Entry, Wait], None] | None = None
    ) -> None:
        """Tell what comes to `threshold_ns` or more, at once or within a second; `hear` each wait once it counts."""
        self._threads, self._threshold, self._hear = threads, threshold_ns, hear
        self._entries: dict[Account, Entry] = {}
        self._of: dict[Key, list[Account]] = {}
        """The accounts of each thread that has not ended."""
        self._alike: dict[Account, tuple[Account, int]] = {}
        """Of threads that have ended, by what they waited for: the first one's account, and how many there were."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What the findings leave out."""
        if all(count <= MOST_ALIKE for _, count in self._alike.values()):
            return ()
        return (f"how many threads waited alike, where more than {MOST_ALIKE:,} did that have ended",)

    def __iter__(self) -> Iterator[tuple[Account, Entry]]:
        """Yield every account with what was entered under it."""
        return iter(self._entries.items())

    def counts(self, account: Account) -> bool:
        """Whether anything under an account counts."""
        return account in self._entries and self._entries[account].total > 0

    def target(self, account: Account) -> str | None:
        """Return what was waited for under an account, as far as its waits say."""
        return _target(self._entries[account]) if account in self._entries else None

    def enter(  # noqa: PLR0913  what a wait is
        self,
        account: Account,
        ns: int,
        until: int,
        *,
        target: str | None = None,
        count: int = 1,
        hold: Hold | None = None,
        view: View | None = None,
    ) -> Entry:
        """Enter a wait.

        Args:
            account: what it is.
            ns: how long it took.
            until: when it ended.
            target: what it waited for.
            count: how many waits it was, one right after the other.
            hold: the turn of a loop that it was a part of.
            view: the stack in it.
        """
        entry = self.opened(account)
        self.add(account, entry, Wait(until, ns, count, target, hold, view))
        return entry

    def opened(self, account: Account) -> Entry:
        """Return what was entered under an account, for whoever enters there often; an empty entry, if nothing was."""
        entry = self._entries.get(account)
        if entry is None:
            entry = self._entries[account] = Entry()
            self._of.setdefault(account.thread, []).append(account)
        return entry

    def ends(self, thread: Key) -> bool:
        """A thread has ended; returns whether anything is told of it.

        A service may make a thread for each request: from some on, those that waited alike are told as one.
        """
        told = False
        for account in self._of.pop(thread, ()):
            entry = self._entries.get(account)
            if entry is not None and not entry.total:
                del self._entries[account]
            elif entry is not None:
                told |= self._kept_of_ended(account, entry)
        return told

    def _kept_of_ended(self, account: Account, entry: Entry) -> bool:
        entry.recent.clear()
        entry.in_window = 0
        alike = replace(account, thread=(account.thread[0], 0))
        first, count = self._alike.get(alike, (account, 0))
        if first not in self._entries:
            first = account
        self._alike[alike] = first, count + 1
        if first == account:
            return True
        if count < MOST_ALIKE:
            entry.view = _shared(entry.view, self._entries[first].view)
            return True
        del self._entries[account]
        self._entries[first] = self._entries[first].with_more(entry)
        return False

    def forget(self, thread: Key) -> None:
        """Leave out what was entered of a thread."""
        for account in [account for account in self._entries if account.thread == thread]:
            del self._entries[account]

    def add(self, account: Account, entry: Entry, wait: Wait) -> None:
        """Enter a wait under an account, whose entry it is."""
        fresh = entry.add(wait, self._threshold)
        if self._hear is not None:
            for each in fresh:
                self._hear(account, entry, each)

    def findings(self, told: Callable[[Account, Entry], Finding | None]) -> tuple[Finding, ...]:
        """Return what counts, worst first; `told` makes a finding of it, or `None` where it is of no interest."""
        found = (told(account, entry) for account, entry in self._joined() if entry.total)
        return worst_first(each for each in found if each is not None)

    def entry(self, account: Account) -> Entry:
        """Return what was entered under an account; of one that is told with others, what is told."""
        known = self._entries.get(account)
        if known is None:
            first, _ = self._alike[replace(account, thread=(account.thread[0], 0))]
            known = self._entries[first]
        return known

    def _joined(self) -> Iterator[tuple[Account, Entry]]:
        """Yield the accounts, each with what could not be read of it.

        A wait whose stack nobody saw, in a call in which its thread was seen to wait at one line only, was there.
        """
        unread = {each: entry for each, entry in self if each.call and each.site is None and entry.is_unread}
        lines: dict[Account, list[Entry]] = {}
        for account, entry in self:
            if account not in unread and entry.total:
                lines.setdefault(replace(account, site=None), []).append(entry)
        there = {id(lines[account][0]): entry for account, entry in unread.items() if len(lines.get(account, ())) == 1}
        for account, entry in self:
            if account not in unread or len(lines.get(account, ())) != 1:
                yield account, entry.with_more(there[id(entry)]) if id(entry) in there else entry

    def finding(self, account: Account, entry: Entry, target: Callable[[Account, str | None], str | None]) -> Finding:
        """Return what was entered under an account, as it is told."""
        site, pid = account.site, account.thread[0]
        return Finding(
            place=account.place,
            kind=account.kind,
            thread=self._threads.within(pid, entry.name) if entry.name else self._threads.name(account.thread),
            role=entry.role or self._threads.role(account.thread),
            call=account.call,
            target=target(account, _target(entry)),
            site=site,
            code=source(site.file, site.line) if site is not None else None,
            count=entry.count,
            total_ms=entry.total / MS,
            longest_ms=entry.longest / MS,
            task=entry.view.doing if entry.view is not None else None,
            stack=entry.view.sites() if entry.view is not None else (),
            process=self._threads.process(pid),
        )


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order in which they are told: what holds a loop first."""
    return tuple(sorted(findings, key=lambda finding: (finding.place not in LOOP_PLACES, -finding.total_ms)))


def at_line(site: Site | None) -> str:
    """Say at which line, after what is done there; nothing where that is not known."""
    return f" at {site.file.rpartition('/')[2]}:{site.line}" if site is not None else ""


def source(file: str, line: int) -> str | None:
    """Return what a line says; `None` where it can't be read."""
    try:
        return linecache.getline(file, line).strip() or None
    except Exception:  # noqa: BLE001  whatever lies at that name: a line that can't be shown is no reason to tell nothing
        return None


def _target(entry: Entry) -> str | None:
    """Say what for: the first of several, and how many more; connections that share an end, by that end."""
    if not entry.targets:
        return None
    first, count = next(iter(entry.targets)), len(entry.targets)
    if count == 1:
        return first
    ends = [target.split(" <- ") for target in entry.targets]
    if all(len(pair) == 2 for pair in ends):
        kind, own = ends[0][0].split(" ", 1)
        if len({remote for _, remote in ends}) == 1:
            return f"{kind} {ends[0][1]}, {count} connections"
        if len({end for end, _ in ends}) == 1:
            return f"{kind} {own}, {count} clients"
    return f"{first} and {count - 1} more"
