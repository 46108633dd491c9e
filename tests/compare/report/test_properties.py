"""What must hold for any observation: made of random lanes, and the findings that they amount to."""

from __future__ import annotations

import csv as standard_csv
import dataclasses
import io
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from compare.report.check import disagreements, time_per_state
from compare.report.data.csv import FINDING_COLUMNS, RUN_COLUMNS, findings_to_csv, to_csv
from compare.report.escape import cell
from compare.report.lanes import cells, coalesce
from compare.report.profiles.trace import to_trace
from compare.report.review.markdown import to_markdown
from compare.report.states import WAITS
from compare.report.terminal.timeline import render
from compare.results import Lane, Observation, Role, Site, Span, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import Comparison

STATES: list[State] = ["poller", "running", "blocked", "lock", "gil", "page-fault", "stopped", "idle"]
LINE: list[State] = ["queue", "idle"]
ROLES: list[Role | None] = ["loop", "main", "worker", "other", None]
NAMES = st.text(min_size=1, max_size=12)

often = settings(max_examples=60)


@st.composite
def _lanes(draw: st.DrawFn) -> tuple[list[Lane], float]:
    total_us = draw(st.integers(1, 3_000_000))
    lanes = []
    for role in draw(st.lists(st.sampled_from(ROLES), min_size=1, max_size=5)):
        cuts = sorted(draw(st.sets(st.integers(1, total_us), max_size=20)) | {0, total_us})
        spans = []
        for start, end in itertools.pairwise(cuts):
            state = draw(st.sampled_from(STATES if role else LINE))
            call = draw(st.sampled_from(["read", "fsync", "connect"])) if state == "blocked" else None
            site = Site("/app.py", 21, draw(NAMES)) if state in WAITS else None
            spans.append(Span(start / 1000, end / 1000, state, call, draw(NAMES) if call else None, site))
        lanes.append(Lane(draw(NAMES), role, tuple(spans)))
    return lanes, total_us / 1000


LANES = _lanes()


@often
@given(lanes=LANES)
def test_lanes_agree_with_findings(lanes: tuple[list[Lane], float], observe: Callable[..., Observation]) -> None:
    seen = observe(*lanes)
    assert disagreements(seen, untold_ms=0, rounding_ms=0.01) == []
    for lane in seen.lanes:
        assert sum(time_per_state(lane).values()) == pytest.approx(seen.duration_ms)


@often
@given(lanes=LANES, data=st.data())
def test_a_contradiction_is_seen(
    lanes: tuple[list[Lane], float], data: st.DataObject, observe: Callable[..., Observation]
) -> None:
    seen = observe(*lanes)
    blocked = [finding for finding in seen.findings if finding.place in {"loop-thread", "worker-thread", "page-fault"}]
    if blocked:
        wrong = data.draw(st.sampled_from(blocked))
        more = dataclasses.replace(wrong, total_ms=wrong.total_ms + 50 + wrong.count)
        findings = tuple(more if finding is wrong else finding for finding in seen.findings)
        assert disagreements(dataclasses.replace(seen, findings=findings)) != []
    rest = tuple(dataclasses.replace(span, start_ms=span.start_ms + 1) for span in seen.lanes[0].spans[:1])
    short = dataclasses.replace(seen.lanes[0], spans=rest + seen.lanes[0].spans[1:])
    assert disagreements(dataclasses.replace(seen, lanes=(short,), findings=())) != []


@often
@given(lanes=LANES, count=st.integers(1, 120))
def test_cells_cover_all_and_no_state_of_a_wait_vanishes_wholly(lanes: tuple[list[Lane], float], count: int) -> None:
    for lane in lanes[0]:
        row = cells(lane.spans, lanes[1], count)
        assert len(row) == count
        assert None not in row
        waits = [span for span in lane.spans if span.state in WAITS]
        if waits:
            longest = max(waits, key=lambda span: span.end_ms - span.start_ms)
            assert any(cell and cell[0] in WAITS for cell in row), longest


@often
@given(lanes=LANES, finest=st.floats(0.001, 3000))
def test_coalesced_lanes_still_cover_the_window(lanes: tuple[list[Lane], float], finest: float) -> None:
    for lane in lanes[0]:
        told = coalesce(lane.spans, finest)
        assert len(told) <= len(lane.spans)
        assert (told[0].start_ms, told[-1].end_ms) == (0, lanes[1])
        assert all(before.end_ms == after.start_ms for before, after in itertools.pairwise(told))


@often
@given(lanes=LANES, width=st.integers(16, 220), color=st.booleans(), name=NAMES)
def test_no_line_is_wider_than_the_terminal(
    lanes: tuple[list[Lane], float],
    width: int,
    *,
    color: bool,
    name: str,
    observe: Callable[..., Observation],
    compare_seen: Callable[..., Comparison],
) -> None:
    what = compare_seen(observe(*lanes), variant=name, verdict=name)
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(render(what, width, color=color))
    assert all(cell_len(line) <= width for line in out.getvalue().split("\n"))


@often
@given(lanes=LANES, name=st.text(max_size=30))
def test_csv_comes_back_as_it_went(
    lanes: tuple[list[Lane], float],
    name: str,
    observe: Callable[..., Observation],
    compare_seen: Callable[..., Comparison],
) -> None:
    seen = observe(*lanes)
    what = compare_seen(seen, variant=name)
    header, row = standard_csv.reader(io.StringIO(to_csv(what), newline=""), strict=True)
    assert header[: len(RUN_COLUMNS)] == list(RUN_COLUMNS)
    told = dict(zip(header, row, strict=True))
    assert (told["variant"], told["findings"]) == (cell(name), str(len(seen.findings)))
    assert float(told["median_s"]) == seen.duration_ms / 1000
    assert told["workload_state"] == "slow"
    header, *rows = standard_csv.reader(io.StringIO(findings_to_csv(what), newline=""), strict=True)
    assert set(FINDING_COLUMNS) < set(header)
    threads = [dict(zip(header, row, strict=True))["thread"] for row in rows]
    assert threads == [cell(finding.thread) for finding in seen.findings]


@often
@given(lanes=LANES, name=NAMES)
def test_every_markdown_row_has_all_columns(
    lanes: tuple[list[Lane], float],
    name: str,
    observe: Callable[..., Observation],
    compare_seen: Callable[..., Comparison],
) -> None:
    parts = to_markdown(compare_seen(observe(*lanes), variant=name, verdict=name)).split("\n\n")
    tables = [part.replace("\\|", "").split("\n") for part in parts if part.startswith("|")]
    assert [len(table) for table in tables] == [4, 3]
    assert all(len({line.count("|") for line in table}) == 1 for table in tables)


@often
@given(lanes=LANES)
def test_traces_keep_the_formats_rules(
    lanes: tuple[list[Lane], float],
    observe: Callable[..., Observation],
    compare_seen: Callable[..., Comparison],
    trace_rules: Callable[[dict[str, Any]], list[str]],
) -> None:
    seen = observe(*lanes)
    trace = to_trace(compare_seen(seen, seen))
    assert trace_rules(trace) == []
    for tid, lane in enumerate(seen.lanes, 1):
        slices = [event for event in trace["traceEvents"] if (event["ph"], event["pid"], event["tid"]) == ("X", 1, tid)]
        drawn = sum(event["dur"] for event in slices)
        idle = time_per_state(lane).get("idle", 0)
        assert drawn / 1000 == pytest.approx(seen.duration_ms - idle, abs=0.002 * len(lane.spans))
