"""A stall as one line of JSON, for a log: when, who, where, for how long, and what for."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from compare.report.escape import ascii_json

if TYPE_CHECKING:
    from compare.results import Stall


def is_logged(stall: Stall, threshold_ms: float) -> bool:
    """Whether it is a stall: a worker may wait, so many short waits of its are none, whatever they add up to."""
    return stall.found.place != "worker-thread" or stall.found.longest_ms >= threshold_ms


def line(stall: Stall) -> str:
    """Return the line, with its end.

    `time` is when it ended, ISO 8601 in UTC; `ms` all of it together, `longest_ms` the longest of `count` waits.
    """
    found = stall.found
    told = {
        "time": dt.datetime.fromtimestamp(stall.ended, dt.UTC).isoformat(timespec="milliseconds"),
        "process": stall.process,
        "name": found.process,
        "place": found.place,
        "kind": found.kind,
        "thread": found.thread,
        "ms": round(found.total_ms, 3),
        "count": found.count,
        "longest_ms": round(found.longest_ms, 3),
        "call": found.call,
        "target": found.target,
        "site": asdict(found.site) if found.site is not None else None,
        "code": found.code,
        "task": asdict(found.task) if found.task is not None else None,
    }
    return ascii_json(json.dumps(told, ensure_ascii=False)) + "\n"
