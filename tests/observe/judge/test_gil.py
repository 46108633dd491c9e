"""Who keeps the GIL, and what it does meanwhile, are one story, told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.judge.segments import Segment
from compare.observe.judge.stalls import Stalls
from compare.report.advice import what
from compare.results import Site
from tests.observe.judge.story import LINE, MS, Story, a_view, told

if TYPE_CHECKING:
    from compare.results import Finding

WORKER = 2
OTHER = Site("/app.py", 8, "work")
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


def _beside_one_that_computes(part_on_cpu: float, lines: dict[Site, int] | None = None) -> Story:
    """The loop waits for the GIL while another thread, which has it, could run, and gets a CPU for a part of that."""
    story = Story().polls(10)
    for at in range(0, 200, 50):
        ran = Segment((10 + at) * MS, "running", view=WORK, end=(60 + at) * MS, cpu=int(50 * MS * part_on_cpu))
        ran.delay = ran.ns - ran.cpu
        story.judge.segment(1, WORKER, ran)
    story.gil(200, holder=WORKER, lines=lines or {LINE: 1})
    story.judge.segment(1, WORKER, Segment(story.at, "call", "read", view=WORK, end=story.at + 100 * MS))
    return story.polls(100)


def _of_the_gil(part_on_cpu: float) -> Finding:
    (finding,) = [each for each in _beside_one_that_computes(part_on_cpu).end().findings if each.call != "read"]
    assert finding.total_ms == 200.0
    return finding


def test_one_that_is_given_no_cpu_while_it_has_the_gil_is_the_machines_matter() -> None:
    finding = _of_the_gil(0.02)
    assert (finding.place, finding.kind) == ("kernel", "starved-holder")
    assert what(finding) == "the loop waits for the GIL, which thread 2 holds; it could run and got no CPU at /app.py:7"


def test_the_observers_own_thread_is_the_machines_matter_too() -> None:
    story = Story().polls(10)
    story.judge.hide(1, WORKER)
    (finding,) = story.gil(200, holder=WORKER).polls(100).end().findings
    assert (finding.place, finding.kind, finding.total_ms) == ("kernel", "starved-holder", 200.0)
    assert what(finding).startswith("the loop waits for the GIL, which thread of the observer holds")


def test_what_was_told_of_a_thread_before_it_was_known_as_the_observers_is_told_no_more() -> None:
    """An agent that has just come in holds the GIL, and says who it is a moment later."""
    story = Story(stalls=Stalls(10 * MS), keep_ns=3_000 * MS).gil(200, holder=WORKER).polls(100)
    story.judge.hide(1, WORKER)
    assert told(story.judge.recorded(story.at, ())) == []
    assert story.judge.fresh()[0] == ()
    assert told(story.waits(50).polls(100).judge.recorded(story.at, ())) == [("loop-thread", None, "read", 50.0)]


def test_of_one_that_computes_but_seldom_gets_a_cpu_both_are_told() -> None:
    finding = _of_the_gil(0.25)
    assert (finding.place, finding.kind, finding.target) == ("gil", None, "a CPU, 150 ms of that")


def test_what_it_got_no_cpu_for_is_shared_by_the_lines_that_it_stood_at() -> None:
    seen = _beside_one_that_computes(0.25, {LINE: 3, OTHER: 1}).end()
    told_of = {each.site: (each.total_ms, each.target) for each in seen.findings if each.place == "gil"}
    assert told_of == {LINE: (150.0, "a CPU, 112 ms of that"), OTHER: (50.0, "a CPU, 38 ms of that")}


def test_one_that_computes_with_the_gil_is_the_programs() -> None:
    finding = _of_the_gil(0.9)
    assert (finding.place, finding.kind, finding.target) == ("gil", None, None)
