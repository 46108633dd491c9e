"""Who waited where, in one sentence, made of the findings of an observation; and what makes a row hard to trust."""

from __future__ import annotations

import dataclasses
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING

from compare.results import LOOP_PLACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from compare.results import Finding, Run

SPREAD = 1.6
"""How much slower than the fastest pass the slowest may be before a row is called unstable."""

NOISE_S = 0.002
"""A spread of less than this is no reason for a warning, in seconds."""

SHOWN = 2
"""How many sites or targets are named before the others are counted."""


def told(run: Run, began: Sequence[float] = ()) -> Run:
    """The row with its verdict; `began` is when each FIFO was begun with, in seconds after the pass began."""
    return dataclasses.replace(run, verdict=sentence(run, began))


def sentence(run: Run, began: Sequence[float] = ()) -> str:
    """Who waited where; for a row that is not well, its reason."""
    if run.outcome != "ok":
        return run.reason or run.outcome
    if run.observation is None:
        return ""
    findings = run.observation.findings
    parts = [
        part
        for part in (_loop(findings), _workers(findings), _queue(findings, began), _others(findings))
        if part is not None
    ]
    if parts:
        return "; ".join(parts)
    loop = run.observation.loop
    if loop is not None and loop.stalls:
        longest = milliseconds(loop.longest_ms)
        return f"the loop was held {loop.stalls} times, at most {longest}, by nothing that could be named"
    return "nothing in this process waits" if run.observation.loop is not None else "no wait over the threshold"


def unstable(times: Sequence[float]) -> tuple[str, ...]:
    """A warning when the passes differ so much that the figure says little; `times` in seconds."""
    if len(times) < 2 or max(times) <= SPREAD * min(times) or max(times) - min(times) < NOISE_S:
        return ()
    low, high = milliseconds(min(times) * 1000), milliseconds(max(times) * 1000)
    return (
        f"unstable: {low} to {high} in {len(times)} passes; run it again on an idle machine, or with more --repeat",
    )


def milliseconds(value: float) -> str:
    """A time for people: `0.31 ms`, `4.2 ms`, `410 ms`, `2.31 s`."""
    if value >= 9999.5:
        return f"{value / 1000:.1f} s"
    if value >= 999.5:
        return f"{value / 1000:.2f} s"
    if value >= 9.95:
        return f"{value:.0f} ms"
    return f"{value:.1f} ms" if value >= 0.95 else f"{value:.2f} ms"


def _loop(findings: Iterable[Finding]) -> str | None:
    """What held the thread that must not wait: a loop's, or the only one there is."""
    mine = [finding for finding in findings if finding.place in LOOP_PLACES and finding.role != "worker"]
    if not mine:
        return None
    return "; ".join(_held(place, list(some)) for place, some in _grouped(mine, lambda finding: finding.place))


def _held(place: str, findings: list[Finding]) -> str:
    first = findings[0]
    who = {"loop": "the loop", "main": "the main thread", "worker": "a worker"}.get(first.role, first.thread)
    total = milliseconds(sum(finding.total_ms for finding in findings))
    where = _sites(findings)
    match place:
        case "loop-thread":
            return f"{who} waits in {_calls(findings)}{_targets(findings)}: {total}{where}"
        case "lock":
            return f"{who} waits for {first.target or 'another thread'}: {total}{where}"
        case "gil":
            return f"{who} waits for the GIL, kept by {first.thread}: {total}{where}"
        case "page-fault":
            return f"{who} waits for pages of {_of(first.target)}: {total}{where}"
    what = {"busy-polling": "polls without waiting", "backlog": "is behind with many short callbacks"}
    return f"{who} {what.get(first.kind or '', 'computes')}: {total}{where}"


def _workers(findings: Iterable[Finding]) -> str | None:
    waits = [finding for finding in findings if finding.place == "worker-thread"]
    if not waits:
        return None
    threads = len({finding.thread for finding in waits})
    longest = max(finding.total_ms for finding in waits)
    who = "a worker waits" if threads == 1 else f"{threads} workers wait"
    upto = "" if threads == 1 else "up to "
    return f"{who} in {_calls(waits)}{_targets(waits)}: {upto}{milliseconds(longest)}{_sites(waits)}"


def _queue(findings: Iterable[Finding], began: Sequence[float]) -> str | None:
    """Work in line for a thread; how many of the files a FIFO's writer can tell."""
    lines = [finding for finding in findings if finding.place == "pool-queue"]
    if not lines:
        return None
    longest = max(finding.longest_ms for finding in lines)
    count = sum(finding.count for finding in lines)
    late = sum(moment * 1000 > longest / 2 for moment in began)
    number = late or count
    return f"{number} {'waits' if number == 1 else 'wait'} in line for the pool: up to {milliseconds(longest)}"


def _others(findings: Iterable[Finding]) -> str | None:
    stopped = [finding for finding in findings if finding.place == "kernel"]
    if not stopped:
        return None
    return f"the process was starved or stopped: {milliseconds(sum(finding.total_ms for finding in stopped))}"


def _calls(findings: Iterable[Finding]) -> str:
    names = list(dict.fromkeys(finding.call or "a call" for finding in findings))
    return names[0] if len(names) == 1 else f"{', '.join(names[:SHOWN])}{' …' if len(names) > SHOWN else ''}"


def _targets(findings: Iterable[Finding]) -> str:
    names = list(dict.fromkeys(_of(finding.target) for finding in findings if finding.target))
    if not names:
        return ""
    return f" for {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _of(target: str | None) -> str:
    """A target without the directories above it."""
    if target is None:
        return "memory"
    return PurePath(target).name if target.startswith("/") else target


def _sites(findings: Iterable[Finding]) -> str:
    sites = dict.fromkeys(
        f"{PurePath(finding.site.file).name}:{finding.site.line}" for finding in findings if finding.site
    )
    return f" ({', '.join(list(sites)[:SHOWN])})" if sites else ""


def _grouped(findings: list[Finding], key: Callable[[Finding], str]) -> list[tuple[str, list[Finding]]]:
    """By place, the worst place first."""
    groups = [(name, list(some)) for name, some in groupby(sorted(findings, key=key), key)]
    return sorted(groups, key=lambda group: -sum(finding.total_ms for finding in group[1]))
