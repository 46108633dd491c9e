"""Findings as stacks with a weight, in three formats: made up ones in full, and that of a real program."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compare.report.profiles.collapsed import to_collapsed
from compare.report.profiles.firefox import to_firefox
from compare.report.profiles.speedscope import to_speedscope
from compare.results import Comparison, Finding, Lane, Observation, Run, Site, Span

READ = Site("/project/app.py", 7, "blocking_read")
MAIN = Site("/project/app.py", 14, "main")


def comparison(*findings: Finding, lanes: tuple[Lane, ...] = (), runs: int = 1) -> Comparison:
    seen = Observation(findings, None, lanes, 1, 500.0)
    run = Run("script", {}, "app.py", None, None, {}, "ok", observation=seen)
    return Comparison(("python", "-m", "compare"), "3.13.0", "Linux", 2, "2026-01-01T00:00:00+00:00", (run,) * runs)


def finding(thread: str = "MainThread", **changed: Any) -> Finding:
    told: dict[str, Any] = {
        "place": "loop-thread",
        "kind": None,
        "thread": thread,
        "role": "loop",
        "call": "read",
        "target": "pipe 5",
        "site": READ,
        "code": "os.read(fd, 1)",
        "count": 2,
        "total_ms": 300.0,
        "longest_ms": 200.0,
        "stack": (READ, MAIN),
    }
    return Finding(**{**told, **changed})


def test_collapsed_is_a_line_a_stack_outermost_first_in_microseconds() -> None:
    computes = finding(place="busy-cpu", kind="compute", call=None, target=None, total_ms=1.5, stack=())
    assert to_collapsed(comparison(finding(), computes)).splitlines() == [
        "MainThread;main (/project/app.py:14);blocking_read (/project/app.py:7);read pipe 5 300000",
        "MainThread;blocking_read (/project/app.py:7);[computes] 1500",
    ]


def test_a_name_neither_ends_a_frame_nor_a_line() -> None:
    odd = finding("a;b\n", target="/tmp/x;y\x1b")
    (line,) = to_collapsed(comparison(odd)).splitlines()
    assert line == r"a,b\n;main (/project/app.py:14);blocking_read (/project/app.py:7);read /tmp/x,y\x1b 300000"


def test_of_several_runs_each_stands_below_its_title() -> None:
    first, *_ = to_collapsed(comparison(finding(), runs=2)).split(";")
    assert first == "app.py (script)"


def test_speedscope_has_a_profile_a_thread_weighed_in_milliseconds() -> None:
    worker = finding("asyncio_0", place="worker-thread", role="worker", total_ms=40.0)
    told = to_speedscope(comparison(finding(), worker))
    frames = told["shared"]["frames"]
    assert [(each["name"], each["weights"], each["endValue"]) for each in told["profiles"]] == [
        ("MainThread", [300.0], 300.0),
        ("asyncio_0", [40.0], 40.0),
    ]
    (sample,) = told["profiles"][0]["samples"]
    assert [frames[index]["name"] for index in sample] == ["main", "blocking_read", "read pipe 5"]
    assert frames[sample[1]] == {"name": "blocking_read", "file": "/project/app.py", "line": 7}


def leaves(thread: dict[str, Any]) -> list[tuple[str, float, float]]:
    """The innermost frame of each sample, with when it began and its weight."""
    strings, samples = thread["stringArray"], thread["samples"]
    nodes, frames, functions = thread["stackTable"], thread["frameTable"], thread["funcTable"]
    names = [strings[functions["name"][frames["func"][nodes["frame"][stack]]]] for stack in samples["stack"]]
    return list(zip(names, samples["time"], samples["weight"], strict=True))


def test_firefox_places_a_finding_where_its_lane_shows_it_and_marks_each_wait() -> None:
    spans = (
        Span(0.0, 50.0, "poller"),
        Span(50.0, 250.0, "blocked", "read", "pipe 5", READ),
        Span(250.0, 300.0, "running"),
        Span(300.0, 400.0, "blocked", "read", "pipe 5", READ),
    )
    lane = Lane("MainThread", "loop", spans)
    other = finding("asyncio_0", place="worker-thread", role="worker", total_ms=40.0)
    loop, worker = to_firefox(comparison(finding(), other, lanes=(lane,)))["threads"]
    assert leaves(loop) == [("read pipe 5", 50.0, 200.0), ("read pipe 5", 300.0, 100.0)]
    assert (loop["markers"]["startTime"], loop["markers"]["endTime"]) == ([50.0, 300.0], [250.0, 400.0])
    assert loop["markers"]["data"][0]["what"] == "read pipe 5"
    assert leaves(worker) == [("read pipe 5", 0.0, 40.0)], "where no lane shows it, it is told all the same"


def test_a_lane_that_shows_less_is_weighed_to_the_sum() -> None:
    lane = Lane("MainThread", "loop", (Span(0.0, 100.0, "blocked", "read", "pipe 5", READ),))
    (loop,) = to_firefox(comparison(finding(), lanes=(lane,)))["threads"]
    assert leaves(loop) == [("read pipe 5", 0.0, 300.0)]


def test_tables_are_as_long_as_they_say(slow_files: Comparison) -> None:
    for thread in json.loads(json.dumps(to_firefox(slow_files)))["threads"]:
        for name in ("samples", "markers", "stackTable", "frameTable", "funcTable"):
            columns = [column for column in thread[name].values() if isinstance(column, list)]
            assert {len(column) for column in columns} == {thread[name]["length"]}, name
        assert all(prefix is None or prefix < at for at, prefix in enumerate(thread["stackTable"]["prefix"]))


def test_the_weights_are_the_findings(slow_files: Comparison) -> None:
    expected = sum(each.total_ms for run in slow_files.runs if run.observation for each in run.observation.findings)
    collapsed = sum(int(line.rpartition(" ")[2]) for line in to_collapsed(slow_files).splitlines()) / 1000
    speedscope = sum(each["endValue"] for each in to_speedscope(slow_files)["profiles"])
    firefox = sum(sum(thread["samples"]["weight"]) for thread in to_firefox(slow_files)["threads"])
    assert collapsed == pytest.approx(expected, abs=0.1)
    assert speedscope == pytest.approx(expected, abs=0.1)
    assert firefox == pytest.approx(expected, abs=0.1)
