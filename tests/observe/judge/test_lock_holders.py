"""A lock's holder is named where exactly one thread explains the wait, and not guessed otherwise."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from compare.observe.agent import own_thread
from compare.observe.interpreter.code_objects import Code
from compare.observe.interpreter.stacks import Frame
from compare.observe.judge.segments import Segment
from compare.results import Site
from tests.observe.judge.story import LINE, MS, Story, a_view

if TYPE_CHECKING:
    from compare.results import Finding

LOCK = 0x7F00
THERE = Site("/other.py", 9, "refresh")


def _thread(story: Story, tid: int, *pieces: tuple[int, str | None], starved: bool = False) -> None:
    """What another thread does from the start: milliseconds, and the call that it waits in; `None`: it runs.

    `starved`: it could run, and is given a CPU for a tenth of that time.
    """
    at = 0
    for ms, call in pieces:
        segment = Segment(
            at, "call" if call else "running", call, end=at + ms * MS, view=a_view(loop=False, site=THERE)
        )
        segment.arguments = (LOCK,) if call == "futex" else ()
        segment.cpu = 0 if call else segment.ns // (10 if starved else 1)
        segment.delay = segment.ns * 9 // 10 if starved else 0
        at = segment.end
        story.judge.segment(1, tid, segment)


def _waits(story: Story, ms: int, place: str = "lock") -> str | None:
    """The loop waits for the lock until this moment; returns what it is told to have waited for."""
    begin = story.polls(50).at
    segment = Segment(begin, "call", "futex", (LOCK, 0), end=ms * MS, view=a_view())
    story.judge.segment(1, 1, segment)
    story.at = ms * MS
    (finding,) = [each for each in story.polls(200).end().findings if each.place == place]
    assert finding.site == LINE
    return finding.target


def _story() -> Story:
    story = Story()
    story.judge.names(1, {2: "refresher", 3: "other", 4: "third"})
    return story


def test_the_thread_that_wakes_when_the_waiter_does_holds_it() -> None:
    story = _story()
    _thread(story, 2, (400, "clock_nanosleep"), (1, None), (300, "read"))
    _thread(story, 3, (600, "read"))
    assert (
        _waits(story, 401) == "a lock held by thread refresher, which sleeps in clock_nanosleep at other.py:9 meanwhile"
    )


def test_the_thread_that_computes_until_then_holds_it() -> None:
    story = _story()
    _thread(story, 2, *[(50, None)] * 8, (200, "read"))
    assert _waits(story, 400) == "a lock held by thread refresher, which computes at other.py:9 meanwhile"


def test_one_that_is_given_no_cpu_is_the_machines_matter() -> None:
    story = _story()
    _thread(story, 2, *[(50, None)] * 8, (200, "read"), starved=True)
    assert _waits(story, 400, "kernel") == "thread refresher"


def test_so_it_is_where_nobody_saw_it_leave_the_call_that_it_was_woken_from() -> None:
    story = _story()
    _thread(story, 2, (400, "read"), (300, "clock_nanosleep"), starved=True)
    assert _waits(story, 401, "kernel") == "thread refresher"


def test_so_it_is_where_two_may_hold_it_and_one_of_them_is_given_no_cpu() -> None:
    story = _story()
    _thread(story, 2, *[(50, None)] * 8, (200, "read"), starved=True)
    _thread(story, 3, *[(50, None)] * 8, (200, "read"))
    assert _waits(story, 400, "kernel") == "thread refresher"


def test_one_that_waits_for_the_same_lock_does_not_hold_it() -> None:
    story = _story()
    _thread(story, 2, (400, "clock_nanosleep"), (1, None), (300, "read"))
    _thread(story, 3, (60, None), (340, "futex"), (2, None), (200, "read"))
    target = _waits(story, 401)
    assert target is not None
    assert target.startswith("a lock held by thread refresher")


def test_where_two_wake_at_once_nobody_is_named() -> None:
    story = _story()
    _thread(story, 2, (400, "clock_nanosleep"), (1, None), (300, "read"))
    _thread(story, 3, (400, "read"), (1, None), (300, "read"))
    assert _waits(story, 401) == "a lock whose holder can't be known"


def test_nor_where_none_was_awake() -> None:
    story = _story()
    _thread(story, 2, (700, "clock_nanosleep"))
    assert _waits(story, 401) == "a lock whose holder can't be known"


def test_a_thread_alone_waits_for_itself() -> None:
    assert _waits(_story(), 401) == "a lock that no other thread can release"


def test_of_waits_too_short_to_name_a_holder_it_is_told_that_one_got_no_cpu() -> None:
    def seen(*, starved: bool) -> tuple[str, str | None, float]:
        story = _story()
        _thread(story, 2, *[(50, None)] * 8, starved=starved)
        for _ in range(2):
            begin = story.polls(50).at
            story.at = begin + 5 * MS
            story.judge.segment(1, 1, Segment(begin, "call", "futex", (LOCK, 0), end=story.at, view=a_view()))
        (finding,) = story.polls(500).end().findings
        return finding.place, finding.kind, finding.total_ms

    assert seen(starved=True) == ("kernel", "starved-thread", 10.0)
    assert seen(starved=False) == ("lock", None, 10.0)


def test_of_waits_too_short_to_name_a_holder_it_is_not_told_that_nobody_has_the_lock() -> None:
    story = _story()
    for _ in range(3):
        begin = story.polls(50).at
        story.at = begin + 4 * MS
        story.judge.segment(1, 1, Segment(begin, "call", "futex", (LOCK, 0), end=story.at, view=a_view()))
    (finding,) = story.polls(500).end().findings
    assert finding.target == "a lock"


def test_a_wait_of_the_observers_own_code_is_none_of_the_programs() -> None:
    waits = Frame(Code(threading.__file__, "Condition.wait", 1, ()), 1, 1, 0, 0)
    ours = Frame(Code(own_thread.__file__, "OwnThread.rest", 1, ()), 1, 2, 0, 0)
    story = _story().polls(50)
    view = replace(a_view(), stack=(waits, ours))
    story.judge.segment(1, 1, Segment(story.at, "call", "futex", (LOCK, 0), end=story.at + 50 * MS, view=view))
    story.at += 50 * MS
    (finding,) = story.polls(50).end().findings
    assert (finding.place, finding.kind, finding.target) == ("kernel", "starved-thread", "a thread of the observer")


def test_a_wait_that_was_given_up_while_nobody_was_awake_is_told_as_that() -> None:
    def target(timeout: int) -> str | None:
        story = _story()
        _thread(story, 2, (600, "read"))
        begin = story.polls(50).at
        waits = Segment(begin, "call", "futex", (LOCK, 0, 0, timeout), end=begin + 300 * MS, view=a_view())
        story.judge.segment(1, 1, waits)
        story.at = waits.end
        (finding,) = story.polls(200).end().findings
        return finding.target

    assert target(0x7FFF) == "a lock that nobody let go of meanwhile"
    assert target(0) == "a lock whose holder can't be known"


def _ran_unseen(story: Story, tid: int, at_ms: int) -> None:
    """A thread ran for 5 ms in 100, and nobody looked at it."""
    unseen = Segment(at_ms * MS, "running", end=(at_ms + 100) * MS, cpu=5 * MS)
    story.judge.unseen(1, tid, unseen)


def test_a_thread_that_ran_while_nobody_looked_may_have_let_go() -> None:
    story = _story()
    _thread(story, 2, (350, "clock_nanosleep"))
    _ran_unseen(story, 2, 350)
    assert (
        _waits(story, 401) == "a lock held by thread refresher, which sleeps in clock_nanosleep at other.py:9 meanwhile"
    )


def test_of_several_that_did_none_is_named() -> None:
    story = _story()
    for tid in (2, 3):
        _thread(story, tid, (350, "clock_nanosleep"))
        _ran_unseen(story, tid, 350)
    assert _waits(story, 401) == "a lock whose holder can't be known"


def test_where_nobody_looked_as_it_was_let_go_it_is_the_one_that_may_have_woken_then() -> None:
    """Each change is known to lie between two looks, of which a busy machine had the second come late."""

    def target(loose_ms: int) -> str | None:
        story = _story()
        for segment in (
            Segment(0, "call", "clock_nanosleep", end=410 * MS, view=a_view(loop=False, site=THERE)),
            Segment(410 * MS, "call", "read", end=700 * MS, view=a_view(loop=False, site=THERE)),
        ):
            segment.loose = loose_ms * MS
            story.judge.segment(1, 2, segment)
        return _waits(story, 400)

    held = "a lock held by thread refresher, which sleeps in clock_nanosleep at other.py:9 meanwhile"
    assert target(10) == held
    assert target(0) == "a lock whose holder can't be known"


def _starts_a_thread(story: Story, ms: int) -> Finding:
    """The loop waits until a thread that it has started begins; returns what is found."""
    waits, start = (Frame(Code(threading.__file__, name, 1, ()), 1, 1, 0, 0) for name in ("Event.wait", "Thread.start"))
    begin = story.polls(50).at
    view = replace(a_view(), stack=(waits, start))
    story.at = begin + ms * MS
    story.judge.segment(1, 1, Segment(begin, "call", "futex", (LOCK, 0), end=story.at, view=view))
    (finding,) = story.polls(500).end().findings
    return finding


def test_a_new_thread_that_does_not_begin_while_nobody_runs_is_the_machines_matter() -> None:
    story = _story()
    _thread(story, 2, (400, "read"))
    found = _starts_a_thread(story, 60)
    assert (found.place, found.kind, found.target) == ("kernel", "starved-thread", "a new thread")


def test_while_another_runs_it_is_that() -> None:
    story = _story()
    _thread(story, 2, *[(50, None)] * 8)
    found = _starts_a_thread(story, 60)
    assert (found.place, found.kind) == ("lock", None)
    assert found.target == "a new thread to begin: thread refresher computes at other.py:9 meanwhile"
