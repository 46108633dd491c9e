"""The end of `compare script`: how long the loop was held, and what waited where, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.report import advice
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.results import Finding, Run

MOST = 20


def render(run: Run, threshold_ms: float) -> str:
    """Return the summary of one observed program: a line on the loop, then two lines a finding, worst first."""
    return "\n".join(_lines(run, threshold_ms))


def _lines(run: Run, threshold_ms: float) -> Iterator[str]:
    seen = run.observation
    if seen is None:
        yield f"compare: {run.variant}: {_end(run)}nothing was observed: {'; '.join(run.notes) or run.reason}"
        return
    yield f"compare: {run.variant}: {_end(run)}after {milliseconds(seen.duration_ms)}, {_threads(seen.threads)}"
    if seen.loop is None:
        yield "compare: no event loop was seen"
    elif not seen.loop.stalls:
        yield f"compare: the loop was never held for {threshold_ms:g} ms or longer"
    else:
        times = "once" if seen.loop.stalls == 1 else f"{seen.loop.stalls} times"
        total, longest = milliseconds(seen.loop.total_ms), milliseconds(seen.loop.longest_ms)
        yield f"compare: the loop was held {times}, {total} in total, at most {longest} at once"
    if not seen.findings:
        yield f"compare: nothing waited for {threshold_ms:g} ms or longer where it should not"
    for finding in seen.findings[:MOST]:
        yield from _finding(finding)
    if len(seen.findings) > MOST:
        yield f"compare: and {len(seen.findings) - MOST} smaller findings (--json has them all)"
    for sentence in seen.missing:
        yield f"compare: not seen: {sentence}"


def _end(run: Run) -> str:
    if run.exit_status is None:
        return ""
    if run.exit_status < 0:
        return f"{run.reason} "
    return f"exit status {run.exit_status} "


def _threads(count: int) -> str:
    return "one thread" if count == 1 else f"{count} threads"


def _finding(finding: Finding) -> Iterator[str]:
    mark = "!" if finding.place in LOOP_PLACES else " "
    often = f" in {finding.count} waits, the longest {milliseconds(finding.longest_ms)}" if finding.count > 1 else ""
    kind = f" ({finding.kind})" if finding.kind else ""
    yield ""
    yield f"{mark} {milliseconds(finding.total_ms):>8}  {finding.place}{kind}{often}"
    yield f"             {advice.sentence(finding)}"
    if finding.code:
        yield f"             > {finding.code}"
