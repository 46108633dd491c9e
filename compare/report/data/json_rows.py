"""A comparison's rows as JSON, and back: what `json` writes a file of, and the plugin another.

Lanes are many and long, so they are left out unless asked for.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...results import (
    Comparison,
    CpuSeconds,
    Finding,
    Lane,
    Latency,
    LoopHold,
    Observation,
    Run,
    Seconds,
    Site,
    Span,
    Task,
)

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = 2
READABLE = (1, 2)
"""The first had no tasks, no stacks, and did not say whose code a line is."""


def without_groups(comparison: Comparison, *, lanes: bool = False) -> dict[str, Any]:
    """Turn a comparison into what `json.dumps` takes, with nothing said of the groups of its rows.

    Args:
        comparison: what was measured.
        lanes: add each run's `lanes`.
    """
    return {
        "schema": VERSION,
        "command": list(comparison.command),
        "python": comparison.python,
        "platform": comparison.platform,
        "cpus": comparison.cpus,
        "started": comparison.started,
        "groups": [],
        "answer": [],
        "runs": [_run(run, lanes=lanes) for run in comparison.runs],
    }


def _run(run: Run, *, lanes: bool) -> dict[str, Any]:
    seen = run.observation
    told = asdict(run)
    del told["observation"], told["notes"]
    verdict = told.pop("verdict")
    told["cpu_seconds"] = told["cpu_seconds"] or {"user": 0.0, "system": 0.0}
    if told["seconds"]:
        told["seconds"]["all"] = list(told["seconds"]["all"])
    told["loop"] = asdict(seen.loop) if seen and seen.loop else None
    told["findings"] = [_told(finding) for finding in seen.findings] if seen else []
    told["verdict"] = verdict
    told["notes"] = list(run.notes)
    told["missing"] = list(seen.missing) if seen else []
    told["duration_ms"] = seen.duration_ms if seen else 0.0
    if lanes:
        told["lanes"] = [
            {"thread": lane.thread, "role": lane.role, "spans": [asdict(span) for span in lane.spans]}
            for lane in (seen.lanes if seen else ())
        ]
    return told


def _told(finding: Finding) -> dict[str, Any]:
    told = asdict(finding)
    told["stack"] = list(told["stack"])
    return told


def from_json(told: dict[str, Any]) -> Comparison:
    """Turn it back; a run that was not observed comes back so, as far as that can be told without its lanes.

    Raises:
        ValueError: when it is of another version.
    """
    if told.get("schema") not in READABLE:
        message = f"expected schema {VERSION}, not {told.get('schema')!r}: read it with the version that wrote it"
        raise ValueError(message)
    return Comparison(
        tuple(told["command"]),
        told["python"],
        told["platform"],
        told["cpus"],
        told["started"],
        tuple(_run_of(run) for run in told["runs"]),
    )


def _run_of(told: dict[str, Any]) -> Run:
    plain = {
        name: told[name]
        for name in Run.__slots__
        if name in told and name not in ("seconds", "latency_ms", "cpu_seconds", "observation", "notes")
    }
    return Run(
        **plain,
        seconds=_maybe(told["seconds"], lambda it: Seconds(it["median"], it["min"], it["max"], tuple(it["all"]))),
        latency_ms=_maybe(told["latency_ms"], lambda it: Latency(**it)),
        cpu_seconds=CpuSeconds(**told["cpu_seconds"]),
        observation=_observation(told),
        notes=tuple(told.get("notes", ())),
    )


def _observation(told: dict[str, Any]) -> Observation | None:
    if not any(told.get(key) for key in ("loop", "findings", "lanes", "duration_ms")):
        return None
    return Observation(
        tuple(_finding(each) for each in told["findings"]),
        _maybe(told["loop"], lambda it: LoopHold(**it)),
        tuple(
            Lane(
                lane["thread"],
                lane["role"],
                tuple(Span(**{**span, "site": _site(span["site"])}) for span in lane["spans"]),
            )
            for lane in told.get("lanes", ())
        ),
        told["threads"],
        told.get("duration_ms", 0.0),
        tuple(told.get("missing", ())),
    )


def _finding(told: dict[str, Any]) -> Finding:
    task = _maybe(told.get("task"), lambda it: Task(**it))
    stack = tuple(Site(**each) for each in told.get("stack", ()))
    return Finding(**{**told, "site": _site(told["site"]), "task": task, "stack": stack})


def _site(told: dict[str, Any] | None) -> Site | None:
    return None if told is None else Site(**told)


def _maybe(told: Any, make: Callable[[Any], Any]) -> Any:
    return None if told is None else make(told)
