"""What a server's passes come to: the figures of a row, and who was not answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compare import catalogue
from compare.results import CpuSeconds, Latency, Run, Seconds, milliseconds
from compare.scenarios.shared import verdict
from compare.scenarios.shared.scaled import scaled

if TYPE_CHECKING:
    from compare.scenarios.shared.row import Row

UNTOLD = {"user": 0.0, "system": 0.0, "rss_mib": 0.0}
"""What a server took that did not return to tell it."""

UNEXPECTED = 'a server whose model leaves clients unanswered says so: STARVES = "why"'


def told(row: Row) -> Run:
    """The row as far as it is known."""
    passes = sorted(row.passes, key=lambda each: each["messages"] / each["seconds"])
    return _measured(row, passes) if passes else verdict.told(row.bare())


def _measured(row: Row, passes: list[dict[str, Any]]) -> Run:
    """Add the figures of the pass in the middle; say who was not answered."""
    run = row.bare()
    middle, seen = passes[(len(passes) - 1) // 2], run.observation
    times = sorted(each["seconds"] for each in passes)
    a_message = tuple(each["seconds"] / each["messages"] for each in passes if each["messages"])
    hold = run.workload["load"] == "hold"
    if seen is not None:
        seen = scaled(seen, seen.duration_ms / 1000, middle["seconds"])
    values: dict[str, Any] = {name: getattr(run, name) for name in Run.__slots__}
    values |= {
        "observation": seen,
        "seconds": Seconds(middle["seconds"], times[0], times[-1], tuple(each["seconds"] for each in passes)),
        "operations": middle["messages"],
        "per_second": None if hold else middle["messages"] / middle["seconds"],
        "answered_ms": middle["answered"] * 1000 if hold else None,
        "latency_ms": Latency(**middle["latency_ms"]) if middle["latency_ms"] else None,
        "cpu_seconds": CpuSeconds(middle["user"], middle["system"]),
        "threads": max(seen.threads if seen else 0, *(each["threads"] for each in passes)),
        "rss_mib": max(each["rss_mib"] for each in passes),
        "notes": run.notes + (() if hold else verdict.unstable(a_message)),
    }
    said = _served(run.workload, middle)
    if run.outcome == "ok" and _starved(run.workload, middle):
        expected, said = catalogue.starves(row.variant), f"starves: {said}"
        values["outcome"] = "starves" if expected else "failed"
        values["reason"] = expected or f"{said}; {UNEXPECTED}"
    elif run.outcome == "ok" and not middle["messages"]:
        values["outcome"] = "timeout"
        values["reason"] = f"no reply in {milliseconds(middle['seconds'] * 1000)} of load"
    return verdict.told(Run(**values), said=said if values["outcome"] in ("ok", "starves") else "")


def _starved(workload: dict[str, Any], measured: dict[str, Any]) -> bool:
    """Whether somebody who asked was not answered while others kept their connections."""
    return bool(measured["starved"] if workload["load"] == "hold" else measured["served"] < workload["clients"])


def _served(workload: dict[str, Any], measured: dict[str, Any]) -> str:
    """Who was answered, where not everybody was."""
    clients = workload["clients"]
    if workload["load"] == "busy":
        left = clients - measured["served"]
        return f"{left} of {clients} clients are never answered" if left else ""
    waited = milliseconds(measured["waited"] * 1000)
    if not measured["starved"]:
        return f"answered in {waited}"
    after = milliseconds((measured["answered"] - measured["waited"]) * 1000)
    return f"not answered in {waited} while {clients} clients are silent, and {after} after they left"


def complete(figures: dict[str, Any], ended: dict[str, Any] | None) -> dict[str, Any]:
    """What the clients measured, and what only the server could tell when it returned."""
    ended = ended or UNTOLD
    whole = ended["user"] + ended["system"]
    shares = {name: figures.get("cpu", whole) * ended[name] / whole if whole else 0.0 for name in ("user", "system")}
    return {"threads": 0, **shares, **figures, "rss_mib": ended["rss_mib"]}
