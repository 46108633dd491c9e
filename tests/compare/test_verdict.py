"""One sentence, made of findings: who waits where, for what, for how long."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from compare.results import Finding, Lane, LoopHold, Observation, Place, Role, Run, Seconds, Site, Span, milliseconds
from compare.scenarios.shared import verdict
from compare.scenarios.shared.scaled import scaled, slower

HERE = Site("/home/x/reader.py", 21, "read_file")


def finding(place: Place, role: Role, total_ms: float, **changed: Any) -> Finding:
    plain = Finding(place, None, "MainThread", role, "read", "/tmp/f/00000", HERE, "x", 1, total_ms, total_ms)
    return dataclasses.replace(plain, **changed)


def said(*findings: Finding, lanes: tuple[Lane, ...] = (), loop: bool = True, began: tuple[float, ...] = ()) -> str:
    held = LoopHold(0, 0.0, 0.0) if loop else None
    seen = Observation(findings, held, lanes, 1, 500.0)
    return verdict.sentence(Run("file", {}, "x", None, None, {}, "ok", observation=seen), began)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (finding("loop-thread", "loop", 400), "the loop waits in read for 00000: 400 ms (reader.py:21)"),
        (finding("loop-thread", "loop", 400, target=None, site=None), "the loop waits in read: 400 ms"),
        (finding("lock", "loop", 2310, target="a lock"), "the loop waits for a lock: 2.31 s (reader.py:21)"),
        (
            finding("gil", "worker", 30, thread="spinner"),
            "the loop waits for the GIL, held by spinner: 30 ms (reader.py:21)",
        ),
        (finding("page-fault", "loop", 12.3), "the loop waits for pages of 00000: 12 ms (reader.py:21)"),
        (finding("busy-cpu", "loop", 60, kind="compute"), "the loop computes: 60 ms (reader.py:21)"),
        (
            finding("busy-cpu", "loop", 60, kind="busy-polling"),
            "the loop polls again and again and never blocks: 60 ms (reader.py:21)",
        ),
        (
            finding("busy-cpu", "loop", 60, kind="backlog", site=None),
            "the loop has a backlog of short callbacks: 60 ms",
        ),
        (finding("worker-thread", "worker", 51), "a worker waits in read for 00000: 51 ms (reader.py:21)"),
        (finding("worker-thread", "main", 51), "the main thread waits in read for 00000: 51 ms (reader.py:21)"),
        (finding("pool-queue", "worker", 90, count=3), "3 calls are queued for the pool: up to 90 ms"),
        (finding("kernel", "other", 40), "the process got no CPU, or was stopped: 40 ms"),
    ],
)
def test_each_place(found: Finding, sentence: str) -> None:
    assert said(found) == sentence


def test_several_targets_and_lines_are_counted() -> None:
    other = dataclasses.replace(HERE, line=42)
    text = said(
        finding("loop-thread", "loop", 30, target="/tmp/f/00000 and 2 more"),
        finding("loop-thread", "loop", 20, target="/tmp/f/00007", site=other),
    )
    assert text == "the loop waits in read for 00000 and 3 more: 50 ms (reader.py:21, :42)"


def test_workers_of_one_name_are_told_apart_by_their_lanes() -> None:
    lanes = tuple(Lane("AnyIO worker thread", "worker", (Span(0, 50, "blocked", "read"),)) for _ in range(5))
    text = said(finding("worker-thread", "worker", 250, thread="AnyIO worker thread"), lanes=lanes)
    assert text == "5 workers wait in read for 00000: up to 50 ms (reader.py:21)"


def test_what_waits_for_the_system_comes_before_what_waits_for_a_lock() -> None:
    text = said(finding("worker-thread", "worker", 90, call="futex"), finding("worker-thread", "worker", 50))
    assert text.startswith("a worker waits in read")
    assert "for a lock or the GIL" in said(finding("worker-thread", "worker", 90, call="futex"))


def test_files_in_line_are_counted_by_when_they_were_begun() -> None:
    line = finding("pool-queue", "worker", 100, count=40, longest_ms=50.0)
    assert said(line, began=(0.001, 0.002, 0.05, 0.051)) == "2 files are queued for the pool: up to 50 ms"


def test_nothing_found() -> None:
    assert said() == "nothing in this process waits"
    assert said(loop=False) == "no wait over the threshold"


def test_what_takes_a_small_part_of_the_row_is_not_told() -> None:
    seen = Observation((finding("gil", "worker", 30), finding("loop-thread", "loop", 400)), None, (), 1, 500.0)
    run = Run("file", {}, "x", None, None, {}, "ok", seconds=Seconds(0.4, 0.4, 0.4, (0.4,)), observation=seen)
    assert verdict.sentence(run) == "the loop waits in read for 00000: 400 ms (reader.py:21)"


def test_a_loop_that_no_call_holds_was_busy() -> None:
    seen = Observation((), LoopHold(2, 90.0, 130.0), (), 1, 500.0)
    run = Run("file", {}, "x", "trio", None, {}, "ok", seconds=Seconds(0.4, 0.4, 0.4, (0.4,)), observation=seen)
    assert verdict.sentence(run) == "no call waits; the loop was busy for up to 90 ms at a time"


def test_no_row_is_held_for_longer_than_it_lasts() -> None:
    waits = (
        finding("loop-thread", "loop", 900, longest_ms=450),
        finding("worker-thread", "worker", 3000, longest_ms=500),
    )
    seen = scaled(Observation(waits, LoopHold(3, 480.0, 960.0), (), 1, 1010.0), observed_s=1.0, row_s=0.5)
    assert seen.loop == LoopHold(3, 240.0, 480.0)
    assert [(each.total_ms, each.longest_ms) for each in seen.findings] == [(450.0, 225.0), (1500.0, 250.0)]
    assert slower(1.0, 0.5) == ("observed, it took 2.0 times as long: waits are told as shares of the row's own time",)
    same = Observation(waits, LoopHold(3, 480.0, 960.0), (), 1, 1010.0)
    assert scaled(same, observed_s=1.0, row_s=1.2) == same
    assert slower(1.0, 1.2) == ()


def test_a_row_that_is_not_well_gives_its_reason() -> None:
    run = Run("file", {}, "x", None, None, {}, "failed", "died by SIGSEGV")
    assert verdict.told(run).verdict == "died by SIGSEGV"


@pytest.mark.parametrize(
    ("times", "warned"),
    [((0.1,), False), ((0.1, 0.11), False), ((0.0001, 0.0004), False), ((0.01, 0.05, 0.011), True)],
)
def test_a_warning_where_passes_differ(times: tuple[float, ...], warned: bool) -> None:  # noqa: FBT001  a parameter
    assert bool(verdict.unstable(times)) is warned


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.314, "0.31 ms"),
        (0.96, "1.0 ms"),
        (4.23, "4.2 ms"),
        (9.96, "10 ms"),
        (410.4, "410 ms"),
        (2310, "2.31 s"),
        (12_340, "12.3 s"),
    ],
)
def test_times_for_people(value: float, text: str) -> None:
    assert milliseconds(value) == text
