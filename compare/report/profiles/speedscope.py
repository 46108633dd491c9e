"""The format of <https://www.speedscope.app>: for each thread its stacks, weighed by the milliseconds that it waited.

Described by `file-format-schema.json` in speedscope's repository. The view "Left Heavy" is the one to look at: the
stacks are those of findings, worst first, and their order says nothing about time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compare.report.escape import escaped
from compare.report.profiles.stacks import stacks, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.report.profiles.stacks import Frame, Stack
    from compare.results import Comparison

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def to_speedscope(comparison: Comparison) -> dict[str, Any]:
    """Tell each thread of each observed run as one sampled profile, ready for `json.dump`."""
    comparison = escaped(comparison)
    frames: dict[Frame, int] = {}
    return {
        "$schema": SCHEMA,
        "exporter": "async-io-cookbook",
        "name": " ".join(comparison.command),
        "activeProfileIndex": 0,
        "profiles": [_profile(name, each, frames) for name, each in _threads(comparison)],
        "shared": {"frames": [_told(frame) for frame in frames]},
    }


def _threads(comparison: Comparison) -> Iterator[tuple[str, list[Stack]]]:
    for run in comparison.runs:
        by_thread: dict[str, list[Stack]] = {}
        for stack in stacks(run):
            by_thread.setdefault(stack.thread, []).append(stack)
        title = f"{title_of(run)}: " if len(comparison.runs) > 1 else ""
        yield from ((f"{title}{thread}", each) for thread, each in by_thread.items())


def _profile(name: str, each: list[Stack], frames: dict[Frame, int]) -> dict[str, Any]:
    weights = [stack.finding.total_ms for stack in each]
    return {
        "type": "sampled",
        "name": name,
        "unit": "milliseconds",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": [[frames.setdefault(frame, len(frames)) for frame in stack.frames] for stack in each],
        "weights": weights,
    }


def _told(frame: Frame) -> dict[str, Any]:
    place = {"file": frame.file, "line": frame.line}
    return {"name": frame.name, **{key: value for key, value in place.items() if value is not None}}
