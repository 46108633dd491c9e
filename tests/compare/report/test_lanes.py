from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compare.report.axis import axis_ms, duration, groups, ticks
from compare.report.lanes import cells, coalesce, fold
from compare.results import Lane, Span

if TYPE_CHECKING:
    from compare.results import Comparison


def test_a_cell_shows_what_had_most_of_its_time() -> None:
    spans = [Span(0, 60, "running"), Span(60, 100, "poller")]
    assert cells(spans, 100, 1) == [("running", None)]


def test_waiting_for_a_quarter_of_a_cell_shows() -> None:
    spans = [
        Span(0, 70, "poller"),
        Span(70, 100, "blocked", "read"),
        Span(100, 170, "poller"),
        Span(170, 200, "blocked"),
    ]
    assert cells(spans, 200, 2) == [("blocked", "read"), ("blocked", None)]


def test_the_longest_stall_keeps_a_cell_however_thin_it_is() -> None:
    spans = [Span(0, 500, "poller"), Span(500, 501, "blocked", "fsync"), Span(501, 10_000, "poller")]
    row = cells(spans, 10_000, 20)
    assert row.count(("blocked", "fsync")) == 1
    assert row.index(("blocked", "fsync")) == 1


def test_of_two_thin_waits_in_one_cell_the_longer_shows() -> None:
    spans = [Span(0, 10, "poller"), Span(10, 12, "blocked", "a"), Span(12, 15, "lock"), Span(15, 1000, "poller")]
    assert cells(spans, 1000, 4)[0] == ("lock", None)


def test_cells_after_a_lanes_end_are_empty() -> None:
    assert cells([Span(0, 50, "running")], 100, 4) == [("running", None)] * 2 + [None] * 2


def test_coalesced_spans_keep_long_ones_and_the_longest_wait() -> None:
    spans = [
        Span(0, 0.4, "poller"),
        Span(0.4, 0.5, "blocked", "read"),
        Span(0.5, 0.9, "running"),
        Span(0.9, 90, "poller"),
    ]
    told = coalesce(spans, 1.0)
    assert Span(0.4, 0.5, "blocked", "read") in told
    assert told[-1] == Span(0.9, 90, "poller")


def test_workers_that_look_alike_are_folded_and_loops_are_not() -> None:
    busy = (Span(0, 100, "blocked", "read"),)
    lanes = [Lane(f"w{index}", "worker", busy) for index in range(38)] + [Lane("loop", "loop", busy)] * 2
    folded = fold(lanes, 100, 50)
    assert [one.label for one in folded] == ["w0 ×37 more", "loop", "loop"]


@pytest.mark.parametrize(
    ("total", "most", "expected"),
    [
        (800, 5, [0, 200, 400, 600, 800]),
        (0.9, 4, [0, 0.5]),
        (0, 5, [0]),
        (100, 2, [0, 100]),
        (3, 9, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
    ],
)
def test_ticks_are_round_numbers(total: float, most: int, expected: list[float]) -> None:
    assert ticks(total, most) == expected


def test_durations_read_well() -> None:
    assert [duration(ms) for ms in (0, 0.42, 8.126, 812.4, 12_400)] == [
        "0 ms",
        "0.42 ms",
        "8.13 ms",
        "812 ms",
        "12.4 s",
    ]


def test_runs_of_one_workload_share_an_axis(many: Comparison) -> None:
    found = groups(many)
    assert [(group.short, len(group.runs)) for group in found] == [("warm", 20), ("cold", 20), ("slow", 20)]
    assert [group.total_ms for group in found] == [120, 120, 400]


def test_one_long_run_does_not_squeeze_the_others() -> None:
    assert axis_ms([60, 70, 80, 5000]) == 80
    assert axis_ms([60, 70, 430]) == 430
    assert axis_ms([0, 50]) == 50
    assert axis_ms([0]) == 0


def test_a_cut_off_lane_ends_at_the_axis() -> None:
    spans = [Span(0, 80, "running"), Span(80, 120, "blocked", "read"), Span(120, 500, "poller")]
    assert cells(spans, 100, 4) == [("running", None)] * 3 + [("blocked", "read")]
