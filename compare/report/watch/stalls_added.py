"""Stalls of a while, added up: one for each thread, as findings are in the report of a whole watch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from compare.report.gathered import CONNECTIONS, SEVERAL, Gathered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compare.results import Finding, Stall


def added(stalls: Iterable[Stall]) -> list[Stall]:
    """Return one stall for all of one thread in one call at one line; its stack is that of the longest wait."""
    found: dict[tuple[Any, ...], list[Stall]] = {}
    for stall in stalls:
        each = stall.found
        key = (stall.process, stall.tid, each.thread, each.place, each.kind, each.call, each.site)
        found.setdefault(key, []).append(stall)
    return [replace(alike[-1], found=_one([stall.found for stall in alike])) for alike in found.values()]


def _one(alike: list[Finding]) -> Finding:
    if len(alike) == 1:
        return alike[0]
    together, longest = Gathered(tuple(alike)), max(alike, key=lambda each: each.longest_ms)
    return replace(longest, target=_target(together, longest), count=together.count, total_ms=together.total_ms)


def _target(together: Gathered, longest: Finding) -> str | None:
    """All that was waited for, if each is one; what was several already would be counted again."""
    is_plain = not any(SEVERAL.fullmatch(each) or CONNECTIONS.fullmatch(each) for each in together.targets)
    if longest.place == "pool-queue" or not is_plain:
        return longest.target
    return together.target or None
