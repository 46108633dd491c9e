"""What a test that blocked its event loop is told: the place, the line, the call, the target, how long, the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .advice import way_out, way_out_of_call, what, what_may_block
from .escape import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..results import Finding, MayBlock

ALLOWED_STRICTLY = "Allowed: no call that may block, whatever it took (strict)."


def text(
    findings: Sequence[Finding], threshold_ms: float, calls: Sequence[MayBlock] = (), *, strict: bool = False
) -> str:
    """Return a first line that says it all, for a summary, and then a few lines for each finding and call."""
    findings, calls = escaped(tuple(findings)), escaped(tuple(calls))
    more = len(findings) + len(calls) - 1
    others = f" (and {more} more)" if more else ""
    lines = [f"{_what_took(findings[0]) if findings else what_may_block(calls[0])}{others}"]
    for details in [*map(_details, findings), *map(_call_details, calls)]:
        lines += ["", *details]
    return "\n".join([*lines, "", ALLOWED_STRICTLY if strict else f"Allowed: less than {_ms(threshold_ms)}."])


def lines(findings: Sequence[Finding], calls: Sequence[MayBlock] = ()) -> list[str]:
    """Return a line for each finding and call: what waits, where, and how long."""
    return [*map(_what_took, escaped(tuple(findings))), *map(what_may_block, escaped(tuple(calls)))]


def _what_took(finding: Finding) -> str:
    return f"{what(finding)} for {_ms(finding.total_ms)}"


def _call_details(call: MayBlock) -> list[str]:
    rows = [
        ("place", "loop-thread"),
        ("line", str(call.site) if call.site is not None else None),
        ("code", call.code),
        ("call", call.call),
        ("target", call.target),
        ("count", "once" if call.count == 1 else f"{call.count} times"),
        ("way out", way_out_of_call(call)),
    ]
    return [f"{name + ':':<8} {value}" for name, value in rows if value]


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
