"""Who keeps the GIL, and what it does meanwhile, are one story, told once."""

from __future__ import annotations

from compare.observe.judge.segments import Segment
from tests.observe.judge.story import LINE, MS, Story, a_view, told

WORKER = 2
WORK = a_view(loop=False, pool=True)


def _beside(story: Story, segment: Segment) -> Story:
    """The loop waits for the GIL while a worker of a pool, which has it, waits too."""
    begin = story.polls(10).at
    waits = Segment(begin, "call", "futex", view=a_view(), gil=True, end=begin + 200 * MS)
    waits.holders[WORKER, segment.call, LINE] = 5
    segment.start, segment.end = begin, begin + 200 * MS
    story.judge.segment(1, WORKER, segment)
    story.judge.segment(1, 1, waits)
    story.at = begin + 200 * MS
    return story.polls(10)


def test_a_worker_that_sleeps_with_the_gil_is_not_told_as_one_that_may_wait() -> None:
    seen = _beside(Story(), Segment(0, "call", "clock_nanosleep", view=WORK)).end()
    assert told(seen) == [("gil", None, "clock_nanosleep", 200.0)]


def test_nor_one_that_waits_for_a_page() -> None:
    seen = _beside(Story(), Segment(0, "off", view=WORK, target="/data/big")).end()
    assert told(seen) == [("gil", None, None, 200.0)]
    assert seen.findings[0].target == "pages of /data/big"


def test_a_worker_that_waits_without_the_gil_is_told() -> None:
    story = Story().polls(10)
    story.judge.segment(1, WORKER, Segment(0, "call", "read", view=WORK, end=100 * MS))
    assert told(story.polls(100).end()) == [("worker-thread", None, "read", 100.0)]
