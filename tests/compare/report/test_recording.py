"""A recording says what the lanes say, in little room, and shows no stretch as seen that was not."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from compare.report.page.recording import AROUND, MOST_LANES, MOST_SPANS, _fewest, coarser, to_recordings
from compare.report.page.source import lines_of
from compare.results import Lane, Observation, Site, Span, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from compare.results import Comparison

STATES: tuple[State, ...] = ("running", "blocked", "poller", "idle", "unseen")


def moments(recording: dict[str, Any], thread: dict[str, Any]) -> list[tuple[int, str, str | None, int | None]]:
    """Each stretch of a thread: where it ends, in microseconds, its state, call and line."""
    lengths, kinds = thread["spans"][::2], [recording["runs"][0]["kinds"][at] for at in thread["spans"][1::2]]
    sites = recording["runs"][0]["sites"]
    return [
        (end, recording["states"][state][0], call, sites[site][1] if site >= 0 else None)
        for end, (state, call, _, site) in zip(accumulate(lengths), kinds, strict=True)
    ]


def observed(lanes: tuple[Lane, ...], ms: float) -> Observation:
    return Observation((), None, lanes, len(lanes), ms)


def many(count: int) -> tuple[Span, ...]:
    site = Site("/app.py", 3, "work")
    return tuple(
        Span(at, at + 1, "running", site=site) if at % 2 else Span(at, at + 1, "blocked", "read", "x", site)
        for at in range(count)
    )


def test_it_tells_each_threads_line_over_time(compare_seen: Callable[..., Comparison]) -> None:
    site = Site("/app.py", 7, "main")
    spans = (
        Span(0, 2, "unseen"),
        Span(2, 40.5, "blocked", "read", "/data", site),
        Span(40.5, 50, "poller", "epoll_wait"),
    )
    recording = to_recordings(compare_seen(observed((Lane("MainThread", "loop", spans),), 50.0)))
    [thread] = recording["runs"][0]["threads"]
    assert moments(recording, thread) == [
        (2000, "unseen", None, None),
        (40_500, "blocked", "read", 7),
        (50_000, "poller", "epoll_wait", None),
    ]
    assert (recording["runs"][0]["us"], recording["runs"][0]["grain_us"]) == (50_000, 0)
    assert recording["files"] == [{"name": "/app.py", "parts": []}]


def test_a_long_one_grows_coarser_and_says_so(compare_seen: Callable[..., Comparison]) -> None:
    lanes = tuple(Lane(f"worker {at}", "worker", many(2000)) for at in range(30))
    recording = to_recordings(compare_seen(observed(lanes, 2000.0)))
    [run] = recording["runs"]
    assert sum(len(thread["spans"]) // 2 for thread in run["threads"]) <= MOST_SPANS
    assert run["grain_us"] >= 1000
    assert (len(run["threads"]), run["more"]) == (MOST_LANES, 30 - MOST_LANES)
    assert all(sum(thread["spans"][::2]) == 2_000_000 for thread in run["threads"])
    assert len(json.dumps(run)) < 8192


@given(
    st.lists(st.tuples(st.sampled_from(STATES), st.integers(1, 30)), min_size=1, max_size=60),
    st.sampled_from([0.5, 4.0, 20.0, 500.0]),
)
def test_nothing_is_told_as_seen_that_was_not(stretches: list[tuple[State, int]], grain_ms: float) -> None:
    ends = [0, *accumulate(length for _, length in stretches)]
    spans = [Span(start, end, state) for (state, _), start, end in zip(stretches, ends, ends[1:], strict=False)]
    told = coarser(spans, grain_ms)
    assert [span.start_ms for span in told] == [0, *(span.end_ms for span in told[:-1])]
    assert told[-1].end_ms == ends[-1]
    lengths = sorted(span.end_ms - span.start_ms for span in spans)
    assert _fewest(lengths, [0.0, *accumulate(lengths)], grain_ms) <= len(told), "a grain that would do is not left out"
    for span in spans:
        over = [each for each in told if each.start_ms < span.end_ms and each.end_ms > span.start_ms]
        if span.state == "unseen":
            assert {each.state for each in over} == {"unseen"}


def test_the_longest_wait_of_a_state_stays_as_it_was() -> None:
    stall = Span(900, 903, "lock", "futex")
    spans = [*many(900), stall, *(Span(at, at + 1, "poller") for at in range(903, 1000))]
    assert stall in coarser(spans, 200.0)


def told_files(lines: Sequence[int], path: Path, compare_seen: Callable[..., Comparison]) -> list[list[Any]]:
    spans = tuple(Span(at, at + 1, "running", site=Site(str(path), line, "f")) for at, line in enumerate(lines))
    seen = observed((Lane("MainThread", "main", spans),), float(len(spans)))
    [file] = to_recordings(compare_seen(seen), lines_of)["files"]
    parts: list[list[Any]] = file["parts"]
    return parts


def test_a_short_file_is_shown_from_below_its_docstring(
    tmp_path: Path, compare_seen: Callable[..., Comparison]
) -> None:
    path = tmp_path / "app.py"
    path.write_text('# who\n"""What it\n\nis."""\n\nimport os\n\tx\n', "utf-8")
    assert told_files([6], path, compare_seen) == [[6, "import os\n    x"]]


def test_of_a_long_file_the_lines_around_are_shown(tmp_path: Path, compare_seen: Callable[..., Comparison]) -> None:
    path = tmp_path / "app.py"
    path.write_text("".join(f"line{at}\n" for at in range(1, 1001)), "utf-8")
    first, second = told_files([100, 110, 900], path, compare_seen)
    assert (first[0], first[1].count("\n") + 1) == (100 - AROUND, 11 + 2 * AROUND)
    assert (second[0], second[1].splitlines()[AROUND]) == (900 - AROUND, "line900")


def test_a_file_that_is_not_there_has_no_code(tmp_path: Path, compare_seen: Callable[..., Comparison]) -> None:
    assert told_files([1], tmp_path / "gone.py", compare_seen) == []
    assert told_files([1], tmp_path, compare_seen) == []
