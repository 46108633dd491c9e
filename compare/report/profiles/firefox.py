"""A profile for <https://profiler.firefox.com>: the stacks that waited, and a marker for each wait.

The format is the Firefox Profiler's processed one, in version 47, which newer ones read: they upgrade it
(`docs-developer/CHANGELOG-formats.md` in its repository). Each observed thread is a track. Its samples are the waits of
the findings, weighed in milliseconds (`tracing-ms`) and placed where its lane shows them; where a lane does not show
them all, what it shows is weighed so that the sum is the finding's. Its markers are the lane's spans that are waits.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from compare.report.escape import escaped
from compare.report.profiles.stacks import Frame, stacks, title_of
from compare.report.states import LOOKS, WAITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compare.report.profiles.stacks import Stack
    from compare.results import Comparison, Lane, Run, Span

VERSION = 47
"""Of the processed format: the newest whose tables lie in each thread."""

OTHER = 0
"""The only category that we use: whether a state is bad is what its marker says, not a colour."""

SCHEMA = {
    "name": "Wait",
    "display": ["marker-chart", "marker-table", "timeline-overview"],
    "chartLabel": "{marker.data.what}",
    "tableLabel": "{marker.data.what}",
    "tooltipLabel": "{marker.data.what}",
    "data": [
        {"key": "what", "label": "Waits", "format": "string", "searchable": True},
        {"key": "site", "label": "At", "format": "string", "searchable": True},
    ],
}


def to_firefox(comparison: Comparison) -> dict[str, Any]:
    """Tell every observed run as a process, ready for `json.dump`."""
    comparison = escaped(comparison)
    started = dt.datetime.fromisoformat(comparison.started).timestamp() * 1000
    threads = [thread for pid, run in enumerate(comparison.runs, 1) for thread in _threads(str(pid), run)]
    return {
        "meta": {
            "interval": 1,
            "startTime": started,
            "processType": 0,
            "product": " ".join(comparison.command),
            "importedFrom": "async-io-cookbook",
            "platform": comparison.platform,
            "logicalCPUs": comparison.cpus,
            "stackwalk": 1,
            "symbolicated": True,
            "version": 29,
            "preprocessedProfileVersion": VERSION,
            "categories": [{"name": "Other", "color": "grey", "subcategories": ["Other"]}],
            "markerSchema": [SCHEMA],
        },
        "libs": [],
        "pages": [],
        "counters": [],
        "threads": threads,
    }


def _threads(pid: str, run: Run) -> Iterator[dict[str, Any]]:
    if run.observation is None:
        return
    by_thread: dict[str, list[Stack]] = {}
    for stack in stacks(run):
        by_thread.setdefault(stack.thread, []).append(stack)
    lanes: dict[str, Lane | None] = {lane.thread: lane for lane in run.observation.lanes}
    for tid, name in enumerate({**lanes, **by_thread}, 1):
        lane = lanes.get(name)
        tables = _Tables()
        samples = sorted(_samples(lane.spans if lane else (), by_thread.get(name, [])), key=lambda sample: sample[0])
        yield {
            "processType": "default",
            "processName": title_of(run),
            "processStartupTime": 0,
            "processShutdownTime": None,
            "registerTime": 0,
            "unregisterTime": None,
            "pausedRanges": [],
            "name": name,
            "isMainThread": tid == 1,
            "pid": pid,
            "tid": f"{pid}.{tid}",
            "samples": {
                "time": [at for at, _, _ in samples],
                "stack": [tables.stack(stack.frames) for _, stack, _ in samples],
                "weight": [weight for _, _, weight in samples],
                "weightType": "tracing-ms",
                "length": len(samples),
            },
            "markers": _markers(lane.spans if lane else (), tables),
            **tables.told(),
        }


def _samples(spans: Sequence[Span], found: list[Stack]) -> Iterator[tuple[float, Stack, float]]:
    """When each wait began, its stack, and how much of the finding's time it stands for."""
    for stack in found:
        finding = stack.finding
        shown = [
            (span.start_ms, span.end_ms - span.start_ms)
            for span in spans
            if span.state in WAITS and (span.call, span.site) == (finding.call, finding.site)
        ]
        total = sum(ms for _, ms in shown)
        if not total:
            yield 0.0, stack, finding.total_ms
            continue
        yield from ((at, stack, finding.total_ms * ms / total) for at, ms in shown)


def _markers(spans: Sequence[Span], tables: _Tables) -> dict[str, Any]:
    waits = [span for span in spans if span.state in WAITS]
    return {
        "data": [_payload(span) for span in waits],
        "name": [tables.text(LOOKS[span.state].label) for span in waits],
        "startTime": [span.start_ms for span in waits],
        "endTime": [span.end_ms for span in waits],
        "phase": [1] * len(waits),  # an interval
        "category": [OTHER] * len(waits),
        "length": len(waits),
    }


def _payload(span: Span) -> dict[str, str]:
    what = " ".join(part for part in (span.call, span.target) if part) or LOOKS[span.state].label
    return {"type": "Wait", "what": what, "site": str(span.site or "")}


@dataclass(slots=True)
class _Tables:
    """A thread's tables: each text, frame and stack is in them once, and named by its place."""

    texts: dict[str, int] = field(default_factory=dict)
    frames: dict[Frame, int] = field(default_factory=dict)
    nodes: dict[tuple[int | None, int], int] = field(default_factory=dict)

    def text(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))

    def stack(self, frames: Sequence[Frame]) -> int | None:
        """The innermost node of these frames, outermost first; each node knows the one that called it."""
        node: int | None = None
        for frame in frames:
            step = (node, self.frames.setdefault(frame, len(self.frames)))
            node = self.nodes.setdefault(step, len(self.nodes))
        return node

    def told(self) -> dict[str, Any]:
        count = len(self.frames)
        names = [self.text(frame.name) for frame in self.frames]
        files = [None if frame.file is None else self.text(frame.file) for frame in self.frames]
        lines = [frame.line for frame in self.frames]
        nothing: list[None] = [None] * count
        return {
            "stackTable": {
                "prefix": [prefix for prefix, _ in self.nodes],
                "frame": [frame for _, frame in self.nodes],
                "category": [OTHER] * len(self.nodes),
                "subcategory": [0] * len(self.nodes),
                "length": len(self.nodes),
            },
            "frameTable": {
                "address": [-1] * count,
                "inlineDepth": [0] * count,
                "category": [OTHER] * count,
                "subcategory": [0] * count,
                "func": list(range(count)),
                "nativeSymbol": nothing,
                "innerWindowID": nothing,
                "implementation": nothing,
                "line": lines,
                "column": nothing,
                "length": count,
            },
            "funcTable": {
                "isJS": [False] * count,
                "relevantForJS": [False] * count,
                "name": names,
                "resource": [-1] * count,
                "fileName": files,
                "lineNumber": lines,
                "columnNumber": nothing,
                "length": count,
            },
            "resourceTable": {"lib": [], "name": [], "host": [], "type": [], "length": 0},
            "nativeSymbols": {"libIndex": [], "address": [], "name": [], "functionSize": [], "length": 0},
            "stringArray": list(self.texts),
        }
