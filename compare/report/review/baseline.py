"""What changed since an earlier run: findings that are new, gone, longer or shorter, by the line that they are at.

Findings of two runs are of one thing when they are at the same line of the same function, whatever its number is by
now, and both keep a loop or both do not: for which of a loop's places one stretch counts may differ from run to run.

No two runs are alike, so a difference counts when it is more than noise: twice the threshold, a quarter of the longer
of the two, and twice what the waits of both runs scatter by, each estimated as the longest one's distance from the mean
times the square root of their number. Where a run did not see the whole of its waits, what takes longer than in it is
not told, nor what is shorter or gone: it may only not have been seen.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from ...results import LOOP_PLACES, SEEN_IN_PART, Comparison, milliseconds
from ..advice import what_all
from ..data.json_rows import from_json
from ..escape import escaped
from ..gathered import Gathered, gather
from . import given_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...results import Finding, Run

Change = Literal["new", "gone", "longer", "shorter"]

SIGNS: dict[Change, str] = {"new": "+", "gone": "-", "longer": ">", "shorter": "<"}
THRESHOLD_MS = 10.0
"""What a finding is at least, where a run does not say."""
TIMES_THRESHOLD = 2.0
"""A wait of just the threshold is a finding in one run and none in the next: seen at 1.0 to 1.6 times of it."""
SHARE = 0.25
"""Of the longer one: a sleep of 100 ms took 100 to 118 ms on two shared processors, beside four busy processes."""
SCATTERS = 2.0

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed.

    Attributes:
        change: what became of it.
        findings: now; of what is gone, then.
        title: which run it is of, where there are several; else empty.
        was_ms: all of its waits together in the earlier run, in milliseconds; 0 of what is new.
        now_ms: the same in this one; 0 of what is gone.
    """

    change: Change
    findings: Gathered
    title: str
    was_ms: float
    now_ms: float


def read(name: str, *, option: str = "--baseline", written_by: str = "--json") -> Comparison:
    """Read what `--json` wrote; the options are named in what is raised.

    Raises:
        given_json.UnreadableError: it can't be read, or it is something else.
    """
    remedy = f"run once with {written_by} {name} and without {option}"
    return given_json.read(name, from_json, option=option, expected=f"JSON that {written_by} wrote", remedy=remedy)


def differences(before: Comparison, after: Comparison) -> list[Difference]:
    """Say what changed, in the order of how much it did."""
    old, new = _runs(before), _runs(after)
    several = len(new) > 1
    found = [
        difference
        for key, run in new.items()
        if key in old and old[key].observation and run.observation
        for difference in _of_run(old[key], run, f"{run.variant} on {run.backend or 'no loop'}" if several else "")
    ]
    return sorted(found, key=lambda each: -abs(each.now_ms - each.was_ms))


def worse(before: Run, after: Run) -> Callable[[Finding], bool]:
    """Return what tells whether a finding of the later run is at a line that is new, or that takes longer."""
    known = {_key(finding) for finding in before.observation.findings} if before.observation else set()
    longer = {_key(each.findings.first) for each in _of_run(before, after, "") if each.change in {"new", "longer"}}

    def is_worse(finding: Finding) -> bool:
        return _key(finding) not in known or _key(finding) in longer

    return is_worse


def render(before: Comparison, after: Comparison, found: list[Difference]) -> str:
    """A line for each, below one that counts them; then what can't be told."""
    counted = ", ".join(f"{sum(each.change == change for each in found)} {change}" for change in SIGNS)
    lines = [f"Since {before.started} (Python {before.python}): {counted if found else 'no difference beyond noise'}"]
    for each in escaped(tuple(found)):
        of = f"{each.title}: " if each.title else ""
        time = {
            "new": milliseconds(each.now_ms),
            "gone": f"was {milliseconds(each.was_ms)}",
        }.get(each.change, f"{milliseconds(each.now_ms)}, was {milliseconds(each.was_ms)}")
        lines.append(f"{SIGNS[each.change]} {each.change}: {of}{what_all(each.findings)} ({time})")
    if any(map(_in_part, before.runs)):
        lines.append(f"? longer: not told where the earlier run did not see {SEEN_IN_PART}")
    if any(map(_in_part, after.runs)):
        lines.append(f"? gone, shorter: not told where this run did not see {SEEN_IN_PART}")
    return "".join(f"{line}\n" for line in lines)


def _runs(comparison: Comparison) -> dict[Key, Run]:
    """The rows by what they are rows of; of a program, whatever it was given, there is one."""
    return {
        (run.scenario, *(() if run.scenario == "script" else (run.variant, run.backend, _text(run.workload)))): run
        for run in comparison.runs
    }


def _text(workload: dict[str, Any]) -> str:
    return json.dumps(workload, sort_keys=True, default=str)


def _of_run(before: Run, after: Run, title: str) -> Iterator[Difference]:
    old, new = _by_line(before), _by_line(after)
    threshold = max(_threshold(before), _threshold(after))
    for key in {**new, **old}:
        was, now = old.get(key), new.get(key)
        was_ms, now_ms = (each.total_ms if each else 0.0 for each in (was, now))
        if abs(now_ms - was_ms) <= _noise(was, now, threshold):
            continue
        change: Change = "new" if was is None else "gone" if now is None else "longer" if now_ms > was_ms else "shorter"
        shown = now or was
        if shown is not None and not _in_part({"longer": before, "shorter": after, "gone": after}.get(change)):
            yield Difference(change, shown, title, was_ms, now_ms)


def _in_part(run: Run | None) -> bool:
    """Whether waits of a run were longer than was seen."""
    missing = run.observation.missing if run is not None and run.observation is not None else ()
    return any(each.startswith(SEEN_IN_PART) for each in missing)


def _threshold(run: Run) -> float:
    told = run.workload.get("threshold_ms")
    return float(told) if isinstance(told, int | float) else THRESHOLD_MS


def _by_line(run: Run) -> dict[Key, Gathered]:
    """Findings by the line that they are at; what is no fault of the program's is left out."""
    found: dict[Key, list[Finding]] = {}
    for gathered in gather(run.observation.findings if run.observation else ()):
        if gathered.first.place != "kernel":
            found.setdefault(_key(gathered.first), []).extend(gathered.each)
    return {key: Gathered(tuple(sorted(each, key=lambda one: -one.total_ms))) for key, each in found.items()}


def _key(finding: Finding) -> Key:
    side = "loop" if finding.place in LOOP_PLACES else finding.place
    site = finding.site
    if site is None:
        return side, finding.kind, finding.call
    line = finding.code.strip() if finding.code else site.line
    return side, PurePath(site.file).parts[-2:], site.function, line


def _noise(was: Gathered | None, now: Gathered | None, threshold_ms: float) -> float:
    longer = max(each.total_ms for each in (was, now) if each)
    scatter = math.hypot(*(_scatter(each) for each in (was, now) if each))
    return max(TIMES_THRESHOLD * threshold_ms, SHARE * longer, SCATTERS * scatter)


def _scatter(gathered: Gathered) -> float:
    mean = gathered.total_ms / max(gathered.count, 1)
    return max(gathered.longest_ms - mean, 0.0) * math.sqrt(gathered.count)
