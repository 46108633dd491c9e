"""Chrome's trace event JSON, which Perfetto (<https://ui.perfetto.dev>) opens: a process a run, a track a thread.

The format is told in "Trace Event Format" (Google, linked from <https://www.chromium.org/developers/how-tos/trace-event-profiling-tool/>):
an object with `traceEvents`; complete events `X` with `ts` and `dur` in microseconds; metadata `M` that names
processes and threads; counters `C` whose `args` are numbers. All runs start at 0, so they lie side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compare.report.axis import name_of, workload_of
from compare.report.escape import escaped
from compare.report.lanes import depth, lane_name
from compare.report.states import LOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compare.results import Comparison, Lane, Observation, Run, Span

Event = dict[str, Any]

SILENT = frozenset({"idle", "unseen"})
"""States with no slice: an empty track says it better."""


def to_trace(comparison: Comparison) -> dict[str, Any]:
    """Tell every observed run as trace events, ready for `json.dump`."""
    comparison = escaped(comparison)
    events = [event for pid, run in enumerate(comparison.runs, 1) for event in _run(pid, run)]
    meta = [event for event in events if event["ph"] == "M"]
    timed = sorted((event for event in events if event["ph"] != "M"), key=lambda event: event["ts"])
    return {
        "traceEvents": meta + timed,
        "displayTimeUnit": "ms",
        "otherData": {
            "command": " ".join(comparison.command),
            "python": comparison.python,
            "platform": comparison.platform,
            "cpus": str(comparison.cpus),
            "started": comparison.started,
        },
    }


def _run(pid: int, run: Run) -> Iterator[Event]:
    if run.observation is None:
        return
    yield _meta(pid, 0, "process_name", name=name_of(run))
    yield _meta(pid, 0, "process_labels", labels=workload_of(run))
    yield _meta(pid, 0, "process_sort_index", sort_index=pid)
    for tid, lane in enumerate(run.observation.lanes, 1):
        yield _meta(pid, tid, "thread_name", name=lane_name(lane))
        yield _meta(pid, tid, "thread_sort_index", sort_index=tid)
        for span in lane.spans:
            start, end = _microseconds(span)
            if span.state not in SILENT and end > start:
                yield _slice(pid, tid, span, start, end - start)
    yield from _counters(pid, run.observation)


def _meta(pid: int, tid: int, kind: str, **args: Any) -> Event:
    return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "ts": 0, "args": args}


def _slice(pid: int, tid: int, span: Span, ts: int, dur: int) -> Event:
    args = {"state": LOOKS[span.state].label, "call": span.call, "target": span.target}
    if span.site is not None:
        args |= {"site": str(span.site)}
    return {
        "ph": "X",
        "name": span.call if span.call and span.state == "blocked" else LOOKS[span.state].label,
        "cat": span.state,
        "pid": pid,
        "tid": tid,
        "ts": ts,
        "dur": dur,
        "args": {key: value for key, value in args.items() if value is not None},
    }


def _counters(pid: int, observation: Observation) -> Iterator[Event]:
    """Steps: how long each stretch away from the poller is going to be, and how many are queued."""
    loops = [lane for lane in observation.lanes if lane.role == "loop"]
    lines = [lane for lane in observation.lanes if lane.role is None]
    for index, lane in enumerate(loops):
        name = "loop's delay" if len(loops) == 1 else f"loop's delay {index + 1}: {lane.thread}"
        yield from _steps(pid, name, "ms", [(ts, end, (end - ts) / 1000) for ts, end in _away(lane)])
    for index, lane in enumerate(lines):
        name = "line behind the pool" if len(lines) == 1 else f"line behind the pool {index + 1}: {lane.thread}"
        line = [(*_microseconds(span), depth(span)) for span in lane.spans if span.state == "queue"]
        yield from _steps(pid, name, "waiting", line)


def _steps(pid: int, name: str, unit: str, stretches: Iterable[tuple[int, int, float]]) -> Iterator[Event]:
    """A counter that takes each stretch's value where it starts, and falls to 0 where nothing follows its end."""
    steps = {0: 0.0}
    for start, end, value in stretches:
        if end > start:
            steps[start] = value
            steps[end] = 0
    for ts, value in steps.items():
        yield {"ph": "C", "name": name, "pid": pid, "tid": 0, "ts": ts, "args": {unit: value}}


def _away(lane: Lane) -> list[tuple[int, int]]:
    """The stretches of a loop's lane in which it was not in its poller, in microseconds."""
    found: list[tuple[int, int]] = []
    for span in lane.spans:
        start, end = _microseconds(span)
        if span.state in {"poller", *SILENT} or end == start:
            continue
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _microseconds(span: Span) -> tuple[int, int]:
    """Whole ones, from the same rounding at both ends: neighbours never overlap."""
    return round(span.start_ms * 1000), round(span.end_ms * 1000)
