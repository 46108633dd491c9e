"""Findings that differ only in the thread or the target, gathered: sixteen reads of sixteen files are one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compare.results import Finding


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
        """Who waited, each once."""
        return tuple(dict.fromkeys(finding.thread for finding in self.each))


def gather(findings: Iterable[Finding]) -> list[Gathered]:
    """Put together what belongs together, worst first."""
    found: dict[tuple[Any, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.place, finding.kind, finding.role, finding.call, finding.site)
        found.setdefault(key, []).append(finding)
    gathered = [Gathered(tuple(sorted(each, key=lambda one: -one.total_ms))) for each in found.values()]
    return sorted(gathered, key=lambda one: -one.total_ms)
