"""Comma-separated values (RFC 4180) for a spreadsheet or a data frame: one row a run, or one row a finding."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from compare.report.escape import cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compare.results import Comparison, Finding, Run

Value = str | int | float | None

RUN_COLUMNS = (
    "scenario",
    "variant",
    "backend",
    "recipe",
    "libraries",
    "outcome",
    "reason",
    "exit_status",
    "median_s",
    "min_s",
    "max_s",
    "operations",
    "per_second",
    "p50_ms",
    "p99_ms",
    "max_ms",
    "cpu_user_s",
    "cpu_system_s",
    "threads",
    "rss_mib",
    "buffered_mib",
    "loop_stalls",
    "loop_longest_ms",
    "loop_total_ms",
    "findings",
    "verdict",
    "notes",
)
FINDING_COLUMNS = (
    "place",
    "kind",
    "thread",
    "role",
    "call",
    "target",
    "file",
    "line",
    "function",
    "code",
    "count",
    "total_ms",
    "longest_ms",
)


def to_csv(comparison: Comparison) -> str:
    """One row a run, after a header; `workload_…` columns hold what it was asked to do. Nothing measured: empty."""
    keys = workload_keys(comparison)
    rows = [[*_run(run), *(run.workload.get(key) for key in keys)] for run in comparison.runs]
    return _written([*RUN_COLUMNS, *(f"workload_{key}" for key in keys)], rows)


def findings_to_csv(comparison: Comparison) -> str:
    """One row a finding, after a header; its run is named by variant, backend and workload."""
    keys = workload_keys(comparison)
    rows = [
        [run.variant, run.backend, *_finding(finding), *(run.workload.get(key) for key in keys)]
        for run in comparison.runs
        if run.observation
        for finding in run.observation.findings
    ]
    return _written(["variant", "backend", *FINDING_COLUMNS, *(f"workload_{key}" for key in keys)], rows)


def workload_keys(comparison: Comparison) -> list[str]:
    """Every key of any workload, in order of appearance."""
    return list({key: None for run in comparison.runs for key in run.workload})


def _run(run: Run) -> list[Value]:
    seconds, latency, cpu = run.seconds, run.latency_ms, run.cpu_seconds
    seen = run.observation
    loop = seen.loop if seen else None
    return [
        run.scenario,
        run.variant,
        run.backend,
        run.recipe,
        "; ".join(f"{name} {version}" for name, version in run.libraries.items()),
        run.outcome,
        run.reason,
        run.exit_status,
        *((seconds.median, seconds.min, seconds.max) if seconds else (None, None, None)),
        run.operations,
        run.per_second,
        *((latency.p50, latency.p99, latency.max) if latency else (None, None, None)),
        *((cpu.user, cpu.system) if cpu else (None, None)),
        run.threads,
        run.rss_mib,
        run.buffered_mib,
        *((loop.stalls, loop.longest_ms, loop.total_ms) if loop else (None, None, None)),
        len(seen.findings) if seen else None,
        run.verdict,
        "; ".join(run.notes),
    ]


def _finding(finding: Finding) -> list[Value]:
    site = finding.site
    return [
        finding.place,
        finding.kind,
        finding.thread,
        finding.role,
        finding.call,
        finding.target,
        *((site.file, site.line, site.function) if site else (None, None, None)),
        finding.code,
        finding.count,
        finding.total_ms,
        finding.longest_ms,
    ]


def _written(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """RFC 4180: lines end in CRLF, and a field with a comma or a quote is quoted; no field is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(map(cell, header))
    writer.writerows(map(cell, row) for row in rows)
    return out.getvalue()
