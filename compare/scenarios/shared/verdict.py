"""Who waited where, in one sentence, made of the findings of an observation; and what makes a row hard to trust."""

from __future__ import annotations

import dataclasses
import re
from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING

from compare.results import AGENT_ALONE, LOOP_PLACES, milliseconds
from compare.scenarios.shared.blocked import SHARE, telling, time_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from compare.results import Finding, LoopHold, Observation, Run

SPREAD = 1.6
"""How much slower than the fastest pass the slowest may be before a row is called unstable."""

NOISE_S = 0.002
"""A spread of less than this is no reason for a warning, in seconds."""

SEVERAL = re.compile(r"(.+) and (\d+) more")
LOCK_CALL = "futex"
APART = ("hops", "exit")
"""Kinds of `worker-thread` that are no worker's wait."""
SHORT = 4
"""A thread that waited less than this part of the longest is not counted with those that wait."""

SHOWN = 2
"""How many sites or targets are named before the others are counted."""


def told(run: Run, began: Sequence[float] = (), said: str = "") -> Run:
    """The row with its verdict.

    Args:
        run: what was measured.
        began: when each FIFO was begun with, in seconds after the pass began.
        said: what the clients saw of a server, which comes first.
    """
    return dataclasses.replace(run, verdict="; ".join(part for part in (said, sentence(run, began)) if part))


def sentence(run: Run, began: Sequence[float] = ()) -> str:
    """Who waited where; for a row that is not well, its reason."""
    if run.outcome not in ("ok", "starves"):
        return run.reason or run.outcome
    if run.observation is None:
        return ""
    seen = dataclasses.replace(run.observation, findings=telling(run))
    parts = (
        _loop(seen.findings),
        _hops(seen.findings),
        _workers(seen),
        _queue(seen.findings, began),
        _exit(seen.findings),
        _others(seen.findings),
    )
    if any(parts):
        return "; ".join(part for part in parts if part)
    return _nothing(seen, run)


def _nothing(seen: Observation, run: Run) -> str:
    """What is said where no wait was found."""
    if any(each.startswith(AGENT_ALONE) for each in seen.missing):
        return "no wait was seen" if seen.loop is None else f"the loop was {_late(seen.loop)}"
    if seen.loop is None:
        return "no wait over the threshold"
    if seen.loop.stalls and seen.loop.total_ms >= SHARE * time_ms(run):
        longest = milliseconds(seen.loop.longest_ms)
        return f"no call waits; the loop was busy for up to {longest} at a time"
    return "nothing in this process waits"


def _late(loop: LoopHold) -> str:
    """How late a loop was at most, as its agent alone tells; what for is not said."""
    return f"late by {milliseconds(loop.longest_ms)} at most" if loop.stalls else "not seen to be late"


def unstable(times: Sequence[float]) -> tuple[str, ...]:
    """A warning when the passes differ so much that the figure says little; `times` in seconds."""
    if len(times) < 2 or max(times) <= SPREAD * min(times) or max(times) - min(times) < NOISE_S:
        return ()
    low, high = milliseconds(min(times) * 1000), milliseconds(max(times) * 1000)
    return (
        f"unstable: {low} to {high} in {len(times)} passes; run it again on an idle machine, or with more --repeat",
    )


def _loop(findings: Iterable[Finding]) -> str | None:
    """What held the thread that must not wait: a loop's, or the only one there is."""
    # A finding of place `gil` is told of the thread that keeps it, whatever that is for.
    mine = [each for each in findings if each.place in LOOP_PLACES and (each.place == "gil" or each.role != "worker")]
    if not mine:
        return None
    return "; ".join(_held(place, list(some)) for place, some in _grouped(mine, lambda finding: finding.place))


def _held(place: str, findings: list[Finding]) -> str:
    first = findings[0]
    who = {"loop": "the loop", "main": "the main thread", "worker": "a worker"}.get(first.role, first.thread)
    total = milliseconds(sum(finding.total_ms for finding in findings))
    where = _sites(findings)
    match place:
        case "loop-thread" if not any(each.call for each in findings):
            return f"{who} waits, for what can't be seen: {total}{where}"
        case "loop-thread":
            return f"{who} waits in {_calls(findings)}{_targets(findings)}: {total}{where}"
        case "lock":
            return f"{who} waits for {first.target or 'another thread'}: {total}{where}"
        case "gil":
            return f"the loop waits for the GIL, held by {first.thread}: {total}{where}"
        case "page-fault":
            return f"{who} waits for pages of {_of(first.target)}: {total}{where}"
    what = {
        "gc": "collects garbage",
        "busy-polling": "polls again and again and never blocks",
        "backlog": "has a backlog of short callbacks",
    }
    return f"{who} {what.get(first.kind or '', 'computes')}: {total}{where}"


def _hops(findings: Iterable[Finding]) -> str | None:
    """Work that goes to a thread a little at a time: how often, and what it costs for what."""
    hops = [finding for finding in findings if finding.kind == "hops"]
    if not hops:
        return None
    first, count = hops[0], sum(finding.count for finding in hops)
    total = milliseconds(sum(finding.total_ms for finding in hops))
    return f"{count:,} hops to a thread: {total} for {first.target}{_sites(hops)}"


def _exit(findings: Iterable[Finding]) -> str | None:
    """The program's end, which waits for its threads."""
    waits = [finding for finding in findings if finding.kind == "exit"]
    if not waits:
        return None
    return f"the exit waits for {waits[0].target}: {milliseconds(sum(finding.total_ms for finding in waits))}"


def _workers(observation: Observation) -> str | None:
    """Where threads wait that may: how many, in what, and the longest of them in all."""
    waits = [each for each in observation.findings if each.place == "worker-thread" and each.kind not in APART]
    waits = [finding for finding in waits if finding.call != LOCK_CALL] or waits
    if not waits:
        return None
    role = "worker" if any(finding.role == "worker" for finding in waits) else waits[0].role
    mine = [finding for finding in waits if finding.role == role]
    calls = {finding.call for finding in mine}
    lanes: list[float] = [
        sum(span.end_ms - span.start_ms for span in lane.spans if span.state == "blocked" and span.call in calls)
        for lane in observation.lanes
        if lane.role == role
    ]
    long = [waited for waited in lanes if waited and waited >= max(lanes) / SHORT]
    # Threads may share a name, and then a finding: their lanes tell them apart.
    threads = max(len({finding.thread for finding in mine}), len(long))
    longest = max(long, default=0.0) or max(finding.total_ms for finding in mine)
    one = {"main": "the main thread waits", "worker": "a worker waits"}.get(role, "a thread waits")
    many = f"{threads} {'worker' if role == 'worker' else 'thread'}s wait"
    upto = "" if threads == 1 else "up to "
    what = "for a lock or the GIL" if calls == {LOCK_CALL} else f"in {_calls(mine)}{_targets(mine)}"
    return f"{one if threads == 1 else many} {what}: {upto}{milliseconds(longest)}{_sites(mine)}"


def _queue(findings: Sequence[Finding], began: Sequence[float]) -> str | None:
    """Work queued for a thread; how many of the files a FIFO's writer can tell."""
    lines = [finding for finding in findings if finding.place == "pool-queue"]
    if not lines:
        return None
    longest = max(finding.longest_ms for finding in lines)
    count = sum(finding.count for finding in lines)
    waits = [each.longest_ms for each in findings if each.place == "worker-thread" and each.kind not in APART]
    first = min(longest, max(waits, default=longest))  # how long those that were begun with first keep their threads
    late = sum(moment * 1000 > first / 2 for moment in began)
    if late:
        return f"{late} {'file is' if late == 1 else 'files are'} queued for the pool: up to {milliseconds(longest)}"
    return f"{count} {'call is' if count == 1 else 'calls are'} queued for the pool: up to {milliseconds(longest)}"


def _others(findings: Iterable[Finding]) -> str | None:
    stopped = [finding for finding in findings if finding.place == "kernel"]
    if not stopped:
        return None
    return f"the process got no CPU, or was stopped: {milliseconds(sum(finding.total_ms for finding in stopped))}"


def _calls(findings: Iterable[Finding]) -> str:
    names = list(dict.fromkeys(finding.call or "a call" for finding in findings))
    return names[0] if len(names) == 1 else f"{', '.join(names[:SHOWN])}{' …' if len(names) > SHOWN else ''}"


def _targets(findings: Iterable[Finding]) -> str:
    """The first target by name, the others counted; one finding may stand for several already."""
    first, others = "", 0
    for finding in findings:
        if finding.target:
            name, more = _split(finding.target)
            others += more + bool(first)
            first = first or _of(name)
    if not first:
        return ""
    return f" for {first}" + (f" and {others} more" if others else "")


def _split(target: str) -> tuple[str, int]:
    found = SEVERAL.fullmatch(target)
    return (found[1], int(found[2])) if found else (target, 0)


def _of(target: str | None) -> str:
    """A target without the directories above it."""
    if target is None:
        return "memory"
    return PurePath(target).name if target.startswith("/") else target


def _sites(findings: Iterable[Finding]) -> str:
    """Where in the code: `(reader.py:28, :42)`."""
    lines: dict[str, dict[int, None]] = {}
    for finding in findings:
        if finding.site:
            lines.setdefault(PurePath(finding.site.file).name, {})[finding.site.line] = None
    told = [f"{file}:{', :'.join(map(str, list(numbers)[:SHOWN]))}" for file, numbers in lines.items()]
    return f" ({', '.join(told[:SHOWN])})" if told else ""


def _grouped(findings: list[Finding], key: Callable[[Finding], str]) -> list[tuple[str, list[Finding]]]:
    """By place, the worst place first."""
    groups = [(name, list(some)) for name, some in groupby(sorted(findings, key=key), key)]
    return sorted(groups, key=lambda group: -sum(finding.total_ms for finding in group[1]))
