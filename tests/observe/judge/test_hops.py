"""Hops are told where they are many, come close together, and cost more than the work they are for."""

from __future__ import annotations

import pytest

from compare.observe.judge.segments import Work
from tests.observe.judge.story import LINE, MS, Story

US = 1_000


def _hops(count: int, *, way_us: int, work_us: int, gap_us: int) -> Story:
    """A loop that hands `count` pieces of work over, one after the other; times in microseconds."""
    story, at = Story(), 0
    for number in range(1, count + 1):
        work = Work(number, 7, 4, LINE, at, asker=1)
        story.judge.asked(1, work)
        work.started, work.tid = at + way_us * US, 2
        ended = work.started + work_us * US
        story.judge.worked(1, work, ended)
        at = ended + gap_us * US
    story.polls(at // MS + 1)
    return story


def test_many_hops_for_little_work_are_told_with_what_they_cost_and_what_for() -> None:
    seen = _hops(1000, way_us=30, work_us=2, gap_us=40).end()
    (finding,) = seen.findings
    assert (finding.place, finding.kind) == ("worker-thread", "hops")
    assert (finding.count, finding.target, finding.site) == (1000, "2.0 ms of work", LINE)
    assert finding.total_ms == (1000 * 32 + 999 * 40) / 1000


def test_hops_that_work_are_not_told() -> None:
    assert _hops(1000, way_us=30, work_us=500, gap_us=40).end().findings == ()


def test_few_hops_are_not_told() -> None:
    assert _hops(100, way_us=300, work_us=2, gap_us=40).end().findings == ()


def test_hops_that_wait_for_something_in_between_are_not_told() -> None:
    assert _hops(1000, way_us=30, work_us=2, gap_us=2000).end().findings == ()


def test_hops_of_several_tasks_at_once_cost_no_more_than_their_time_together() -> None:
    story = Story()
    for number in range(1, 1001):
        at = number * 50 * US
        work = Work(number, 7, 4, LINE, at, asker=1)
        story.judge.asked(1, work)
        work.started, work.tid = at + 30 * US, 2
        story.judge.worked(1, work, work.started + 2 * US)
    (finding,) = story.polls(60).end().findings
    assert (finding.kind, finding.count) == ("hops", 1000)
    assert 49 < finding.total_ms <= 50


def test_a_hop_that_is_noted_as_done_after_the_next_was_asked_for_is_counted_once() -> None:
    story, before = Story(), None
    for number in range(1, 1001):
        at = number * 100 * US
        work = Work(number, 7, 4, LINE, at, asker=1)
        story.judge.asked(1, work)
        if before:
            story.judge.worked(1, before, at + 10 * US)
        work.started, work.tid, before = at + 70 * US, 2, work
    (finding,) = story.polls(101).end().findings
    assert (finding.kind, finding.count) == ("hops", 999)
    assert finding.total_ms == pytest.approx(999 * 100 / 1000 + 0.01)


def test_where_notes_were_lost_it_is_said_that_there_were_more_hops() -> None:
    story = _hops(1000, way_us=30, work_us=2, gap_us=40)
    story.judge.lost_work()
    (finding,) = story.end().findings
    assert finding.target == "2.0 ms of work, and more that could not be counted"
