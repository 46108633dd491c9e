"""What a test that blocked its event loop is told: the place, the line, the call, the target, how long, the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .advice import way_out, what
from .escape import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..results import Finding


def text(findings: Sequence[Finding], threshold_ms: float) -> str:
    """Return a first line that says it all, for a summary, and then a few lines for each finding, worst first."""
    findings = escaped(tuple(findings))
    first = findings[0]
    others = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    lines = [f"{what(first)} for {_ms(first.total_ms)}{others}"]
    for finding in findings:
        lines += ["", *_details(finding)]
    lines += ["", f"Allowed: less than {_ms(threshold_ms)}."]
    return "\n".join(lines)


def _details(finding: Finding) -> list[str]:
    rows = [
        ("place", finding.place + (f", {finding.kind}" if finding.kind else "")),
        ("line", str(finding.site) if finding.site is not None else None),
        ("code", finding.code),
        ("call", finding.call),
        ("target", finding.target),
        ("thread", f"{finding.thread} ({finding.role})"),
        ("time", _time(finding)),
        ("way out", way_out(finding)),
    ]
    return [f"{name + ':':<8} {value}" for name, value in rows if value]


def _time(finding: Finding) -> str:
    if finding.count == 1:
        return f"{_ms(finding.total_ms)}, once"
    return f"{_ms(finding.total_ms)} in {finding.count} times, the longest {_ms(finding.longest_ms)}"


def _ms(value: float) -> str:
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
