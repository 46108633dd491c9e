"""Do the lanes of an observation agree with its findings? Two tellings of one thing must not contradict each other."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from compare.results import Finding, Lane, Observation, Place, Span, State

if TYPE_CHECKING:
    from collections.abc import Iterator

STATES: dict[Place, State] = {
    "loop-thread": "blocked",
    "worker-thread": "blocked",
    "lock": "lock",
    "gil": "gil",
    "page-fault": "page-fault",
    "busy-cpu": "running",
    "pool-queue": "queue",
    "kernel": "stopped",
}
"""How a finding's place shows in a lane."""

Waited = tuple[State, str | None]

FUTEX: Waited = ("blocked", "futex")
"""A worker that waits for a lock or the GIL is one finding of this call; its lane shows which of the two it was."""

EDGE_MS = 0.002
"""What may be lost at a span's edge when times are rounded to microseconds."""


def disagreements(observation: Observation, *, untold_ms: float = 10.0, rounding_ms: float = 1.0) -> list[str]:
    """Hold the lanes against the window's length and against the findings.

    1. Each lane's spans follow one another without gap or overlap from 0 to the window's end, so that its time per
       state sums to the run's length.
    2. What the lanes show as blocked, per call, is what the findings tell: as much, within `rounding_ms` for each wait
       that was told, and at most `untold_ms` more, which was too short to be a finding. That more is asked of loops,
       while they turn, and of workers: others may wait as they like. For the other states the lanes may show more than
       the findings tell (a busy thread is no finding), but never less, with two exceptions. Waits for a pool
       overlap: two jobs that wait at once for 10 ms are 20 ms in a finding and 10 ms in the lane. And a process that is
       starved of a CPU looks as if it ran.

    Args:
        observation: what to look at.
        untold_ms: the time per call that may be in the lanes alone, in milliseconds.
        rounding_ms: what each wait may differ by, in milliseconds: the sampler's period.

    Returns:
        A sentence for each disagreement; empty when all is well.
    """
    told = [sentence for lane in observation.lanes for sentence in _holes(lane, observation.duration_ms)]
    return told + list(_contradictions(observation, untold_ms, rounding_ms))


def _holes(lane: Lane, duration_ms: float) -> Iterator[str]:
    if not lane.spans:
        yield f"{lane.thread}: no spans"
        return
    if abs(lane.spans[0].start_ms) > EDGE_MS:
        yield f"{lane.thread}: begins at {lane.spans[0].start_ms} ms, not at 0"
    if abs(lane.spans[-1].end_ms - duration_ms) > EDGE_MS:
        yield f"{lane.thread}: ends at {lane.spans[-1].end_ms} ms, not at {duration_ms}"
    for span in lane.spans:
        if span.end_ms < span.start_ms:
            yield f"{lane.thread}: {span.state} ends at {span.end_ms} ms, before it starts at {span.start_ms}"
    for before, after in pairwise(lane.spans):
        if abs(after.start_ms - before.end_ms) > EDGE_MS:
            word = "a gap" if after.start_ms > before.end_ms else "an overlap"
            yield f"{lane.thread}: {word} between {before.end_ms} and {after.start_ms} ms"
    by_state = time_per_state(lane)
    if abs(sum(by_state.values()) - duration_ms) > EDGE_MS * len(lane.spans):
        yield f"{lane.thread}: its states sum to {sum(by_state.values())} ms, not to {duration_ms}"


def time_per_state(lane: Lane) -> dict[State, float]:
    """Milliseconds in each state."""
    by_state: dict[State, float] = defaultdict(float)
    for span in lane.spans:
        by_state[span.state] += span.end_ms - span.start_ms
    return dict(by_state)


def _is_judged(lane: Lane, span: Span) -> bool:
    """Whether its waits must be told: a worker's, and a loop's from when it is first in its poller to the last time."""
    if lane.role != "loop":
        return lane.role == "worker"
    polls = [each for each in lane.spans if each.state == "poller"]
    return bool(polls) and polls[0].end_ms <= span.start_ms and span.end_ms <= polls[-1].start_ms


def _contradictions(observation: Observation, untold_ms: float, rounding_ms: float) -> Iterator[str]:
    shown: dict[Waited, float] = defaultdict(float)
    judged: dict[Waited, float] = defaultdict(float)
    told: dict[Waited, float] = defaultdict(float)
    waits: dict[Waited, int] = defaultdict(int)
    for lane in observation.lanes:
        for span in lane.spans:
            key = span.state, span.call if span.state == "blocked" else None
            shown[key] += span.end_ms - span.start_ms
            if _is_judged(lane, span):
                judged[key] += span.end_ms - span.start_ms
            if lane.role == "worker" and span.state in {"lock", "gil"}:
                shown[FUTEX] += span.end_ms - span.start_ms
    for finding in observation.findings:
        if finding.kind == "hops":  # what they cost shows in no thread's lane: it is the way between them
            continue
        key = _state(finding)
        told[key] += finding.total_ms
        waits[key] += finding.count
    for key in sorted({*shown, *told}, key=str):
        state, call = key
        what, leeway = f"{state} in {call}" if call else state, rounding_ms * max(waits[key], 1)
        less, more = shown[key] < told[key] - leeway, judged[key] > told[key] + leeway + untold_ms
        if less and state not in {"queue", "stopped"}:
            yield f"{what}: the lanes show {shown[key]:.3f} ms, less than the {told[key]:.3f} ms of the findings"
        if more and state == "blocked":
            yield f"{what}: the lanes show {judged[key]:.3f} ms, more than the {told[key]:.3f} ms of the findings"


def _state(finding: Finding) -> Waited:
    if finding.kind == "exit":
        return "lock", None
    state = STATES[finding.place]
    if finding.place == "worker-thread" and finding.call == FUTEX[1]:
        return FUTEX
    return state, finding.call if state == "blocked" else None
