"""The time axis: which runs share one, how long it is, where its ticks are, and how times are written."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compare.results import Comparison, Run

OUTLIER = 10.0
"""How many times the median a run may take and still be shown to its end."""


@dataclass(frozen=True, slots=True)
class Group:
    """Runs of one workload: they share a time axis of `total_ms`, which is not `longest_ms` where a run is cut off."""

    title: str
    short: str
    runs: tuple[Run, ...]
    total_ms: float
    longest_ms: float


def ticks(total_ms: float, most: int) -> list[float]:
    """At most `most` round numbers from 0 up to `total_ms`, evenly apart: 1, 2 or 5 times a power of ten."""
    if total_ms <= 0 or most < 2:
        return [0.0]
    least = total_ms / (most - 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= least * (1 - 1e-9))
    return [round(index * step, 9) for index in range(int(total_ms / step * (1 + 1e-9)) + 1)]


def number(value: float) -> str:
    """A number with three digits that count, and no exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else "0.00"


def duration(ms: float) -> str:
    """Milliseconds for people: `0.42 ms`, `812 ms`, `12.4 s`."""
    return f"{number(ms)} ms" if abs(ms) < 9_999.5 else f"{number(ms / 1000)} s"


def name_of(run: Run) -> str:
    """What the run is of: `asyncio_aiofiles on trio`; a recipe without an event loop has no backend."""
    return f"{run.variant} on {run.backend}" if run.backend else run.variant


def workload_of(run: Run) -> str:
    """What the run was asked to do, in a line: `file: state slow, files 8`."""
    told = ", ".join(
        f"{key} {_words(value)}" for key, value in run.workload.items() if value is not None and value is not False
    )
    return f"{run.scenario}: {told}" if told else run.scenario


def _words(value: object) -> str:
    """A workload's value as one types it: a program with its arguments, a figure without the zero."""
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def groups(comparison: Comparison) -> list[Group]:
    """The runs of each workload, in order of appearance."""
    found: dict[str, list[Run]] = {}
    for run in comparison.runs:
        found.setdefault(json.dumps([run.scenario, run.workload], sort_keys=True, default=str), []).append(run)
    short = _differing(comparison.runs)
    return [_group(runs, short(runs[0])) for runs in found.values()]


def alone(run: Run) -> Group:
    """A group of one."""
    return _group([run], run.scenario)


def _group(runs: Sequence[Run], short: str) -> Group:
    lengths = [observed_ms(run) for run in runs]
    return Group(workload_of(runs[0]), short, tuple(runs), axis_ms(lengths), max(lengths))


def axis_ms(lengths: Sequence[float]) -> float:
    """How long a time axis for all is: one run of a minute must not squeeze twenty of a second into nothing.

    It is as long as the longest run that takes at most `OUTLIER` times the median; what is longer is cut off there.
    """
    known = [length for length in lengths if length > 0]
    limit = OUTLIER * median(known) if known else 0.0
    return max((length for length in known if length <= limit), default=0.0)


def observed_ms(run: Run) -> float:
    """The length of the run's observed window; 0 when nothing was observed."""
    return run.observation.duration_ms if run.observation else 0.0


def _differing(runs: Sequence[Run]) -> Callable[[Run], str]:
    """How to name a run's workload by what tells it from the others."""
    values: dict[str, set[str]] = {}
    for run in runs:
        for key, value in run.workload.items():
            values.setdefault(key, set()).add(str(value))
    apart = [key for key, found in values.items() if len(found) > 1]
    scenarios = len({run.scenario for run in runs}) > 1
    workloads = len({workload_of(run) for run in runs})

    def name(run: Run, keys: Sequence[str]) -> str:
        told = [str(run.workload[key]) for key in keys if key in run.workload]
        return ", ".join([run.scenario, *told] if scenarios or not told else told)

    for most in range(len(apart)):
        if len({name(run, apart[:most]) for run in runs}) == workloads:
            return lambda run: name(run, apart[:most])
    return lambda run: name(run, apart)
