"""Findings that differ only in the thread or the target, gathered: sixteen reads of sixteen files are one thing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..results import Finding

SEVERAL = re.compile(r"(.+) and (\d+) more")
"""How a finding that had several targets names them."""

CONNECTION = re.compile(r"(tcp|udp) (\S+) <- (\S+)")
"""A connection's kind, its own end and the remote one."""

CONNECTIONS = re.compile(r"((?:tcp|udp) \S+), (\d+) (connections|clients)")
"""How a finding that had several connections names the end that they share."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Findings of one place, kind, role, call and site; `each` is worst first and never empty."""

    each: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The worst of them."""
        return self.each[0]

    @property
    def count(self) -> int:
        """How many separate waits."""
        return sum(finding.count for finding in self.each)

    @property
    def total_ms(self) -> float:
        """All of them together, in milliseconds: of several threads at once, more than the time that passed."""
        return sum(finding.total_ms for finding in self.each)

    @property
    def longest_ms(self) -> float:
        """The longest single one, in milliseconds."""
        return max(finding.longest_ms for finding in self.each)

    @property
    def targets(self) -> tuple[str, ...]:
        """What was waited for, each once."""
        return tuple(dict.fromkeys(finding.target for finding in self.each if finding.target))

    @property
    def threads(self) -> tuple[str, ...]:
        """The names of those that waited, each once."""
        return tuple(dict.fromkeys(finding.thread for finding in self.each))

    @property
    def many(self) -> int:
        """How many threads waited alike: several workers may have one name."""
        if self.first.role in {"loop", "main"}:
            return len(self.threads)
        return max(Counter((each.place, each.kind, each.role, each.call, each.site) for each in self.each).values())

    @property
    def processes(self) -> tuple[str, ...]:
        """Whose threads they are, each once; an empty text is the program itself."""
        return tuple(dict.fromkeys(finding.process or "" for finding in self.each))

    @property
    def target(self) -> str:
        """What was waited for, in a few words: connections by the end that they share; the first, and how many more."""
        names: dict[str, None] = {}
        more = 0
        for target in self.targets:
            several = SEVERAL.fullmatch(target)
            names[several[1] if several else target] = None
            more += int(several[2]) if several else 0
        return _shared(list(names), more) if names else ""


def _shared(names: list[str], more: int) -> str:
    if len(names) == 1 and not more:
        return names[0]
    for end, word in ((_remote, "connections"), (_own, "clients")):
        shared = [end(name) for name in names]
        if not more and None not in shared and len({each[0] for each in shared if each}) == 1:
            total = sum(each[1] for each in shared if each)
            return f"{shared[0][0]}, {total} {word}" if shared[0] else ""
    others = len(names) - 1 + more
    return f"{names[0]} and {others} more"


def _remote(name: str) -> tuple[str, int] | None:
    """The remote end, and of how many connections."""
    if one := CONNECTION.fullmatch(name):
        return f"{one[1]} {one[3]}", 1
    some = CONNECTIONS.fullmatch(name)
    return (some[1], int(some[2])) if some and some[3] == "connections" else None


def _own(name: str) -> tuple[str, int] | None:
    """The own end, and how many clients it has."""
    if one := CONNECTION.fullmatch(name):
        return f"{one[1]} {one[2]}", 1
    some = CONNECTIONS.fullmatch(name)
    return (some[1], int(some[2])) if some and some[3] == "clients" else None


def gather(findings: Iterable[Finding]) -> list[Gathered]:
    """Put together what belongs together, worst first."""
    found: dict[tuple[Any, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.place, finding.kind, finding.role, finding.call, finding.site)
        found.setdefault(key, []).append(finding)
    gathered = [Gathered(tuple(sorted(each, key=lambda one: -one.total_ms))) for each in found.values()]
    return sorted(gathered, key=lambda one: -one.total_ms)
