"""A lane has neither gap nor overlap; one that is full grows coarser, and nothing is drawn that nobody saw."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compare.observe.judge.lanes import COUNTED, MOST_KEPT, MOST_SPANS, Lanes
from compare.observe.judge.segments import Segment
from compare.report.check import disagreements, time_per_state
from compare.results import Lane, Observation, State
from tests.observe.judge.story import LINE, a_view

US, MS = 1_000, 1_000_000
KEY = (1, 1)
STATES: tuple[State, ...] = ("running", "blocked", "poller", "idle", "lock")


def _finish(lanes: Lanes, now: int) -> Lane:
    told = lanes.finish(now, lambda _: "MainThread", lambda _: "loop")
    assert disagreements(Observation((), None, told, 1, now / MS), untold_ms=1e9) == []
    return told[0]


def _add(lanes: Lanes, start: int, end: int, state: State) -> None:
    lanes.add(KEY, Segment(start, "running", end=end), state)


def test_a_long_lane_shows_its_end_as_it_was() -> None:
    lanes, at = Lanes(0), 0
    for _ in range(3 * MOST_SPANS):
        _add(lanes, at, at + 600 * US, "poller")
        _add(lanes, at + 600 * US, at + 800 * US, "running")
        at += 800 * US
    _add(lanes, at, at + 500 * MS, "blocked")
    lane = _finish(lanes, at + 500 * MS)
    assert len(lane.spans) <= MOST_SPANS
    assert lane.spans[-1].state == "blocked"
    assert lane.spans[-1].end_ms - lane.spans[-1].start_ms >= 490
    states = time_per_state(lane)
    assert states["poller"] > 0.7 * at / MS
    assert any("shorter than" in sentence for sentence in lanes.missing)


def test_a_lane_that_fits_leaves_nothing_out() -> None:
    lanes = Lanes(0)
    _add(lanes, 0, 300 * US, "running")
    _add(lanes, 300 * US, 400 * US, "poller")
    assert [span.state for span in _finish(lanes, 400 * US).spans] == ["running", "poller"]
    assert lanes.missing == ()


def test_what_was_not_seen_is_drawn_as_that() -> None:
    lanes = Lanes(0)
    _add(lanes, 10 * MS, 20 * MS, "running")
    _add(lanes, 320 * MS, 330 * MS, "running")
    lane = _finish(lanes, 340 * MS)
    assert [(span.state, span.end_ms - span.start_ms) for span in lane.spans] == [
        ("unseen", 10.0),
        ("running", 10.0),
        ("unseen", 300.0),
        ("running", 10.0),
        ("unseen", 10.0),
    ]


def test_nor_is_it_when_the_lane_is_full() -> None:
    lanes, at = Lanes(0), 0
    for _ in range(MOST_SPANS):
        _add(lanes, at, at + 500 * US, "poller")
        _add(lanes, at + 500 * US, at + 1000 * US, "running")
        at += 3 * MS
    states = time_per_state(_finish(lanes, at))
    assert states["unseen"] >= 0.6 * at / MS


@given(
    st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 30), st.integers(-2, 5)), max_size=30),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 100)), max_size=3),
)
def test_a_lane_has_neither_gap_nor_overlap(parts: list[tuple[State, int, int]], stops: list[tuple[int, int]]) -> None:
    lanes, at, key = Lanes(0), 0, (1, 1)
    for state, length, gap in parts:
        start = max(at + gap * MS, 0)
        at = start + length * MS
        lanes.add(key, Segment(start, "running", end=at), state)
    for since, length in stops:
        lanes.stopped(1, since * MS, (since + length) * MS)
    now = 1000 * MS
    told = lanes.finish(now, lambda _: "MainThread", lambda _: "main")
    assert disagreements(Observation((), None, told, 1, 1000.0), untold_ms=1e9) == []


def test_a_poller_is_told_with_its_call_and_with_its_line_where_that_is_the_users() -> None:
    lanes = Lanes(0)
    lanes.add(KEY, Segment(0, "call", "epoll_wait", end=MS, view=a_view(own=True)), "poller")
    lanes.add(KEY, Segment(MS, "call", "pselect6", end=2 * MS, view=a_view(loop=False)), "poller")
    spans = _finish(lanes, 2 * MS).spans
    assert [(span.call, span.site) for span in spans] == [("epoll_wait", None), ("pselect6", LINE)]


KEPT_MS = 2_000


def _busy(lanes: Lanes, since_ms: int, until_ms: int, threads: int) -> None:
    """Each thread has two spans in a fifth of a millisecond."""
    for at in range(since_ms * MS, until_ms * MS, 200 * US):
        for tid in range(1, threads + 1):
            lanes.add((1, tid), Segment(at, "running", end=at + 150 * US), "running")
            lanes.add((1, tid), Segment(at + 150 * US, "running", end=at + 200 * US), "poller")


def _kept(lanes: Lanes) -> int:
    return sum(len(drawn.pieces) for drawn in lanes._drawn.values())


def test_where_all_is_kept_many_lanes_share_the_room_there_is() -> None:
    lanes, threads = Lanes(0), 16
    _busy(lanes, 0, 1_500, threads)  # less than a lane has alone
    assert _kept(lanes) <= MOST_KEPT + COUNTED
    told = lanes.finish(1_500 * MS, str, lambda _: "worker")
    assert len(told) == threads
    assert disagreements(Observation((), None, told, threads, 1_500), untold_ms=1e9) == []
    assert any("shorter than" in sentence for sentence in lanes.missing)


def test_what_is_kept_is_bounded_whatever_there_is() -> None:
    lanes = Lanes(0, KEPT_MS * MS)
    _busy(lanes, 0, 500, 1)
    fine = _kept(lanes)
    for since in range(500, 4_500, 500):
        _busy(lanes, since, since + 500, 8)
        assert _kept(lanes) <= MOST_KEPT + fine
    told = lanes.finish(4_500 * MS, str, lambda _: "worker", {})
    assert len(told) == 8
    assert disagreements(Observation((), None, told, 8, KEPT_MS), untold_ms=1e9) == []
    assert time_per_state(told[0])["running"] > 0.9 * KEPT_MS
    assert any("shorter than" in sentence for sentence in lanes.missing)


def test_lanes_that_ended_make_room_and_what_follows_is_drawn_finer() -> None:
    lanes = Lanes(0, KEPT_MS * MS)
    _busy(lanes, 0, 3_000, 8)
    assert lanes.missing
    for at in range(3_000, 12_000, 50):
        lanes.add(KEY, Segment(at * MS, "running", end=(at + 50) * MS), "poller" if at % 100 else "running")
    (lane,) = lanes.finish(12_000 * MS, str, lambda _: "loop", {})
    assert {round(span.end_ms - span.start_ms) for span in lane.spans} == {50}
    assert lanes.missing == ()


def test_what_goes_on_is_drawn_to_the_end() -> None:
    lanes = Lanes(0, KEPT_MS * MS)
    lanes.add(KEY, Segment(0, "running", end=3_000 * MS), "running")
    going: list[tuple[Segment, State]] = [(Segment(3_000 * MS, "call", "read", end=4_000 * MS), "blocked")]
    (lane,) = lanes.finish(4_000 * MS, str, lambda _: "loop", {KEY: going})
    assert [(span.state, span.call, span.start_ms, span.end_ms) for span in lane.spans] == [
        ("running", None, 0, 1_000),
        ("blocked", "read", 1_000, 2_000),
    ]
