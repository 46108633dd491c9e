"""What was found in the last seconds is told apart from what was found in all, and what is old is forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compare.observe.judge.judge import Judge
from compare.observe.judge.segments import Segment
from compare.observe.judge.turns import LATEST, Hold, Holds
from compare.report.check import disagreements
from tests.observe.judge.story import MS, Clock, Story, a_view, told


class _Kept(Story):
    """A story of which the last three seconds are kept."""

    def __init__(self) -> None:
        super().__init__(agent=False)
        self.judge = Judge(1, 0, Clock(), threshold_ns=10 * MS, plain_threads=False, keep_ns=3_000 * MS)
        self.judge.loop_runs(1, 1, 0)


def test_the_last_seconds_are_told_apart() -> None:
    story = _Kept().polls(100).waits(70, "openat").polls(8_000).waits(40).polls(900)
    seen = story.judge.recorded(story.at, ())
    assert told(seen) == [("loop-thread", None, "read", 40.0)]
    assert seen.loop is not None
    assert (seen.loop.stalls, seen.loop.total_ms, seen.duration_ms) == (1, 40.0, 3_000.0)
    assert disagreements(seen, untold_ms=1e9) == []
    assert [each[2] for each in told(story.judge.finish(story.at))] == ["openat", "read"]


def test_what_goes_on_ends_the_lane() -> None:
    story = _Kept().polls(100)
    going = Segment(story.at, "call", "read", view=a_view(), end=story.at + 500 * MS)
    seen = story.judge.recorded(story.at + 500 * MS, [(1, 1, going)])
    (lane,) = seen.lanes
    assert [(span.state, span.call, span.end_ms) for span in lane.spans] == [
        ("poller", "epoll_wait", 100.0),
        ("blocked", "read", 600.0),
    ]


def test_what_holds_the_loop_and_has_not_ended_is_found_and_told_once_when_it_has() -> None:
    story = _Kept().polls(100).waits(40).polls(10)
    going = Segment(story.at, "call", "read", view=a_view(), end=story.at + 500 * MS)
    seen = story.judge.recorded(story.at + 500 * MS, [(1, 1, going)])
    assert told(seen) == [("loop-thread", None, "read", 540.0)]
    assert seen.loop is not None
    assert (seen.loop.stalls, seen.loop.longest_ms, seen.loop.total_ms) == (2, 500.0, 540.0)
    assert disagreements(seen, untold_ms=1e9) == []
    story.waits(500).polls(10)
    assert told(story.judge.recorded(story.at, ())) == [("loop-thread", None, "read", 540.0)]


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=30))
def test_holds_of_long_ago_are_added_up(holds: list[tuple[int, bool]]) -> None:
    kept, counted = Holds(10 * MS), []
    kept.saw_loop = True
    for ns, counts in holds * (6 * LATEST // len(holds)):
        kept.add(ns * MS, Hold(counts=counts))
        counted += [ns] if counts or ns >= 10 else []
    loop = kept.told()
    assert loop is not None
    assert (loop.stalls, loop.longest_ms) == (len(counted), max(counted, default=0))
    assert len(kept._holds) <= 4 * LATEST
