"""An observed pass told in the time of those that nothing observes, so that no row is held for longer than it lasts.

The observer takes processor time, and the machine is never twice the same: an observed pass may take longer than the
timed ones. How it divides between waits is what was seen; how long it takes is what was timed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compare.results import Finding, LoopHold, Observation

MUCH = 2.0
"""By how much an observed pass must have been slower for the row to say so."""


def scaled(seen: Observation, observed_s: float, row_s: float) -> Observation:
    """What was seen, its findings and the loop's holds told as shares of the row's own time.

    Args:
        seen: of the observed pass; its lanes stay as they are: they are a picture of that pass.
        observed_s: how long that pass took, in seconds.
        row_s: how long the row says that it takes, in seconds.
    """
    factor = min(1.0, row_s / observed_s) if observed_s else 1.0
    most = row_s * 1000
    loop = _hold(seen.loop, factor, most) if seen.loop else None
    return replace(seen, findings=tuple(_finding(each, factor, most) for each in seen.findings), loop=loop)


def slower(observed_s: float, row_s: float) -> tuple[str, ...]:
    """A remark when the observed pass was much slower."""
    if row_s <= 0 or observed_s < MUCH * row_s:
        return ()
    return (
        f"observed, it took {observed_s / row_s:.1f} times as long: waits are told as shares of the row's own time",
    )


def _hold(loop: LoopHold, factor: float, most: float) -> LoopHold:
    total = min(most, loop.total_ms * factor)
    return replace(loop, longest_ms=min(total, loop.longest_ms * factor), total_ms=total)


def _finding(finding: Finding, factor: float, most: float) -> Finding:
    """A worker's, of which there may be many, may wait for longer in all than the row lasts; none at a time."""
    longest = min(most, finding.longest_ms * factor)
    total = finding.total_ms * factor
    return replace(finding, longest_ms=longest, total_ms=total if finding.role == "worker" else min(most, total))
