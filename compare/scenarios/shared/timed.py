"""What a row's passes come to: its figures, as far as they are known."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from compare.results import CpuSeconds, Run, Seconds
from compare.scenarios.shared import verdict
from compare.scenarios.shared.scaled import scaled, slower

if TYPE_CHECKING:
    from compare.scenarios.shared.row import Row


def told(row: Row, operations: str) -> Run:
    """The row as far as it is known; `operations` is the key of its workload that says how many a pass has."""
    passes = sorted(row.passes, key=lambda each: each["seconds"])
    return _measured(row, passes, operations) if passes else verdict.told(row.bare())


def _measured(row: Row, passes: list[dict[str, Any]], operations: str) -> Run:
    """Add the figures; what belongs to one pass is taken from the median one."""
    run = row.bare()
    times = tuple(each["seconds"] for each in passes)
    middle, seen = passes[(len(passes) - 1) // 2], run.observation
    typical = median(times)
    if seen is not None:
        seen = scaled(seen, row.observed_s, typical)
    values: dict[str, Any] = {name: getattr(run, name) for name in Run.__slots__}
    values |= {
        "seconds": Seconds(typical, times[0], times[-1], times),
        "operations": run.workload[operations],
        "per_second": run.workload[operations] / typical if typical else None,
        "cpu_seconds": CpuSeconds(middle["user"], middle["system"]),
        "threads": max(seen.threads if seen else 0, *(each["threads"] for each in passes)),
        "rss_mib": max(each["rss_mib"] for each in passes),
        "buffered_mib": max((each["buffered_mib"] for each in passes if "buffered_mib" in each), default=None),
        "observation": seen,
        "notes": run.notes + verdict.unstable(times) + slower(row.observed_s, typical),
    }
    return verdict.told(Run(**values), row.began)
