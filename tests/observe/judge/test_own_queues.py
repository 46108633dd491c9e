"""What stands in line for a thread that a library made for itself is told for as long as the thread was at work."""

from __future__ import annotations

from compare.observe.judge.segments import Delivered, Segment
from tests.observe.judge.story import LINE, MS, Story, a_view, told

WORKER = 2
WORK = a_view(loop=False)


def _story(*deliveries: Delivered, rests: tuple[int, int] = (0, 20), works: tuple[int, int] = (20, 420)) -> Story:
    """A thread that waits for its queue, then works; from when to when, in milliseconds."""
    story = Story().polls(500)
    story.judge.names(1, {WORKER: "connection"})
    start, end = rests
    story.judge.segment(1, WORKER, Segment(start * MS, "call", "futex", (7, 0), end=end * MS, view=WORK))
    start, end = works
    story.judge.segment(1, WORKER, Segment(start * MS, "call", "clock_nanosleep", end=end * MS, view=WORK))
    for each in deliveries:
        story.judge.delivered(1, WORKER, each)
    story.judge.segment(1, WORKER, Segment(end * MS, "call", "futex", (7, 0), end=500 * MS, view=WORK))
    return story


def _delivered(made_ms: int, at_ms: int, queued: int = 0) -> Delivered:
    return Delivered(made_ms * MS, at_ms * MS, LINE, queued)


def test_what_stood_behind_other_work_is_told_with_that() -> None:
    seen = _story(_delivered(19, 420, queued=1), _delivered(70, 421)).end()
    assert told(seen) == [("pool-queue", None, None, 350.0)]
    (finding,) = seen.findings
    assert (finding.thread, finding.site) == ("connection", LINE)
    assert finding.target == "behind its other work, mostly in clock_nanosleep at app.py:7"


def test_each_of_several_stood_behind_all_before_it() -> None:
    story = _story(_delivered(19, 420, queued=2), _delivered(70, 440), _delivered(70, 441))
    assert told(story.end()) == [("pool-queue", None, None, 350.0 + 370.0)]


def test_nothing_stands_in_line_for_one_that_hands_on_what_others_do() -> None:
    def waits(call: str, *, alone: bool) -> Story:
        story = Story().polls(500)
        story.judge.delivered(1, WORKER, _delivered(10, 20, queued=1))
        story.judge.segment(1, WORKER, Segment(20 * MS, "call", call, end=420 * MS, view=WORK, alone=alone))
        story.judge.delivered(1, WORKER, _delivered(19, 420, queued=1))
        story.judge.delivered(1, WORKER, _delivered(70, 421))
        return story

    assert waits("poll", alone=False).end().findings == ()
    assert told(waits("poll", alone=True).end()) == [("pool-queue", None, None, 351.0)]


def test_where_its_queue_was_empty_nothing_stood_in_line() -> None:
    assert _story(_delivered(19, 420), _delivered(70, 421)).end().findings == ()


def test_nothing_stood_in_line_while_the_thread_waited_for_work() -> None:
    story = _story(_delivered(0, 420, queued=1), _delivered(1, 421), rests=(0, 415), works=(415, 420))
    assert [(place, round(ms)) for place, _, _, ms in told(story.end())] == []


def test_what_was_asked_for_later_did_not_wait() -> None:
    assert _story(_delivered(19, 420, queued=1), _delivered(430, 440)).end().findings == ()
