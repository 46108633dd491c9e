from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from compare.report.profiles.trace import to_trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import Comparison


def test_a_process_a_variant_and_a_track_a_thread(
    slow_files: Comparison, trace_rules: Callable[[dict[str, Any]], list[str]]
) -> None:
    trace = json.loads(json.dumps(to_trace(slow_files)))
    assert trace_rules(trace) == []
    events = trace["traceEvents"]
    names = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert names[:2] == ["asyncio_blocking_mistake on asyncio", "asyncio_aiofiles on asyncio"]
    threads = [event["args"]["name"] for event in events if event["name"] == "thread_name" and event["pid"] == 2]
    workers = [f"worker asyncio_{index}" for index in range(6)]
    assert threads == ["loop MainThread", *workers, "queued for the pool"]


def test_slices_say_what_waited_for_what_and_where(slow_files: Comparison) -> None:
    events = to_trace(slow_files)["traceEvents"]
    read = next(event for event in events if event["ph"] == "X" and event["name"] == "read")
    assert read["args"] == {
        "state": "blocked",
        "call": "read",
        "target": "/tmp/compare/slow-00",
        "site": "/project/recipes/file_read/asyncio_blocking_mistake.py:21 in read_file",
    }


def test_counters_step_up_with_a_stall_and_down_after_it(slow_files: Comparison) -> None:
    events = to_trace(slow_files)["traceEvents"]
    delays = [event["args"]["ms"] for event in events if event["ph"] == "C" and event["pid"] == 1]
    assert delays[-1] == 0
    assert max(delays) > 800
    line = [event["args"]["waiting"] for event in events if event["ph"] == "C" and "waiting" in event["args"]]
    assert line == [0, 10, 4, 0]


def test_the_rules_see_a_broken_trace(
    slow_files: Comparison, trace_rules: Callable[[dict[str, Any]], list[str]]
) -> None:
    trace = to_trace(slow_files)
    first = next(event for event in trace["traceEvents"] if event["ph"] == "X")
    trace["traceEvents"].append({**first, "ts": first["ts"] + 1})
    assert trace_rules(trace) != []
