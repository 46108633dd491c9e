"""Where a row waited most, in the words that fit: the call, what for, and the line."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from compare.report.gathered import SEVERAL, gather
from compare.report.wrap import cut
from compare.results import LOOP_PLACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compare.report.gathered import Gathered
    from compare.results import Finding, Run

LATER = "pool-queue"
"""Told only where there is no other: who is queued waits for what the pool's threads wait for."""

UNNAMED = {"lock": "a lock", "loop-thread": "waits"}
"""What is waited for, where its name is not known or says nothing."""

LEAST = 0.1
"""What waited for less than this part of a run's time is not where it blocks."""


def worst(runs: Iterable[Run], *, loop: bool) -> Gathered | None:
    """The findings of one line that waited longest in all, in the run in which they did.

    Args:
        runs: of one row.
        loop: of the event loop, where it waited; else of any thread.
    """
    found: Gathered | None = None
    for run in runs:
        for each in gather(_told(run, loop=loop)):
            if found is None or _rank(each) > _rank(found):
                found = each
    return found


def _told(run: Run, *, loop: bool) -> list[Finding]:
    seen = run.observation
    if seen is None:
        return []
    least = LEAST * min(seen.duration_ms, run.seconds.median * 1000 if run.seconds else seen.duration_ms)
    findings = [each for each in seen.findings if each.total_ms > least and each.place != "kernel"]
    return [each for each in findings if each.place in LOOP_PLACES] if loop else findings


def _rank(gathered: Gathered) -> tuple[bool, bool, float]:
    """A wait comes before what the loop computes, which is also the callbacks of those who waited."""
    return gathered.first.place != LATER, gathered.first.place != "busy-cpu", gathered.total_ms


def told(gathered: Gathered | None, variant: str, width: int) -> str:
    """The longest way to tell it that fits: `read for 00000 at reader.py:27`, `read, line 27`, `read :27` or `:27`."""
    if gathered is None:
        return ""
    finding = gathered.first
    called = None if finding.place == "lock" else finding.call or finding.kind
    what = called or UNNAMED.get(finding.place) or finding.place.replace("-", " ")
    target, line = _target(gathered), _line(finding, variant)
    at = f", {line.replace(':', 'line ', 1) if line.startswith(':') else line}" if line else ""
    full = _line(finding, "")
    ways = [f"{what}{f' for {target}' if target else ''}{f' at {full}' if full else ''}"]
    ways += [f"{what}{f' for {target}' if target else ''}{at}", f"{what}{at}", f"{what} {line}", line or what, what]
    return next((way.strip() for way in ways if len(way.strip()) <= width), cut(ways[-1].strip(), width))


def _target(gathered: Gathered) -> str:
    """The target without the directories above it."""
    name = "" if gathered.first.place == "lock" else gathered.target
    several = SEVERAL.fullmatch(name)
    first, more = (several[1], int(several[2])) if several else (name, 0)
    first = PurePath(first).name if first.startswith("/") else first
    return f"{first} and {more} more" if more else first


def _line(finding: Finding, variant: str) -> str:
    """`blocking.py:25`, or `:25` in the recipe's own file."""
    site = finding.site
    if site is None:
        return ""
    name = PurePath(site.file).name
    return f"{'' if name == f'{variant}.py' else name}:{site.line}"


def marked(keys: Sequence[str | None], order: Sequence[str]) -> str | None:
    """What most of several runs tell; of as many the one that comes first in `order`."""
    known = [key for key in keys if key in order]
    return max(known, key=lambda key: (known.count(key), -order.index(key))) if known else None
