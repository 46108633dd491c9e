"""A loop is judged turn by turn: what it waited in and computed, as far as it is proved that it did not come round."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compare.observe.judge.judge import Judge
from compare.observe.judge.segments import Segment
from compare.results import Site
from tests.observe.judge.story import LINE, MS, Clock, Story, a_view, told


def test_a_wait_in_a_turn_is_a_finding_with_its_line() -> None:
    seen = Story().polls(20).waits(50).polls(20).end()
    assert told(seen) == [("loop-thread", None, "read", 50.0)]
    assert seen.findings[0].site == LINE
    assert seen.loop is not None
    assert (seen.loop.stalls, seen.loop.longest_ms) == (1, 50.0)


def test_many_short_waits_at_one_line_are_one_finding() -> None:
    story = Story()
    for _ in range(100):
        story.waits(3).polls(1)
    seen = story.end()
    assert told(seen) == [("loop-thread", None, "read", 300.0)]
    assert (seen.findings[0].count, seen.findings[0].longest_ms) == (100, 3.0)


def test_a_wait_whose_stack_could_not_be_read_is_told_with_those_in_the_same_call_at_the_one_line() -> None:
    seen = Story().waits_unread(30, "read").polls(20).waits(50).polls(20).end()
    assert told(seen) == [("loop-thread", None, "read", 80.0)]
    assert (seen.findings[0].site, seen.findings[0].count) == (LINE, 2)


def test_one_that_may_have_been_at_either_of_two_lines_is_told_by_itself() -> None:
    elsewhere = a_view(site=Site("/app.py", 9, "work"))
    seen = Story().waits_unread(30, "read").polls(20).waits(50).polls(20).waits(40, view=elsewhere).polls(20).end()
    assert [(each.site and each.site.line, each.total_ms) for each in seen.findings] == [
        (7, 50.0),
        (9, 40.0),
        (None, 30.0),
    ]


def test_a_loops_poller_is_none_of_its_waits_though_its_stack_could_not_be_read() -> None:
    seen = Story().waits_unread(300, "epoll_wait", poller=True).waits(50).polls(20).end()
    assert told(seen) == [("loop-thread", None, "read", 50.0)]


def test_a_wait_for_a_lock_and_one_for_a_page_have_places_of_their_own() -> None:
    assert told(Story().polls(5).waits(40, "futex").polls(5).end()) == [("lock", None, "futex", 40.0)]
    assert told(Story().polls(5).faults(40).polls(5).end()) == [("page-fault", None, None, 40.0)]


def test_a_long_callback_is_compute_and_many_short_ones_are_a_backlog() -> None:
    assert told(Story().polls(5).runs(1).pinged().runs(50).polls(5).end()) == [("busy-cpu", "compute", None, 51.0)]
    story = Story().polls(5).runs(1).pinged()
    for step in range(50):
        story.runs(1, step)
    seen = story.polls(5).end()
    assert told(seen) == [("busy-cpu", "backlog", None, 51.0)]
    assert seen.findings[0].site is None


def test_a_loop_that_may_have_come_round_is_not_accused() -> None:
    assert told(Story().polls(5).runs(200).polls(5).end()) == []


def test_many_short_turns_of_which_a_ping_waited_for_a_cpu_are_no_long_one() -> None:
    """The thread came round as soon as it was given a CPU, and went on: all that it ran is in the books by then."""
    story = Story().polls(5).runs(1).pinged().runs(100)
    story.judge.turned(1, 1, story.at, ran=4 * MS)
    assert told(story.polls(5).end()) == []


def test_one_that_ran_all_the_while_is() -> None:
    story = Story().polls(5).runs(1).pinged().runs(100)
    story.judge.turned(1, 1, story.at, ran=100 * MS)
    assert told(story.polls(5).end()) == [("busy-cpu", "compute", None, 101.0)]


def test_what_was_seen_to_keep_the_gil_is_one_turn_only_for_as_long_as_that_was_seen() -> None:
    story = Story().polls(5).runs(1)
    story.judge.kept(1, 1, story.at, story.at + 40 * MS)
    assert told(story.runs(40).runs(200).polls(5).end()) == [("busy-cpu", "compute", None, 41.0)]


def test_two_calls_that_keep_the_gil_one_after_the_other_are_one_turn_also_where_the_second_is_longer() -> None:
    story = Story().polls(5)
    for ms in (60, 64):
        story.judge.kept(1, 1, story.at, story.at + ms * MS // 2)
        story.judge.kept(1, 1, story.at, story.at + ms * MS)
        story.runs(ms).runs(3)
    assert told(story.polls(5).end()) == [("busy-cpu", "compute", None, 127.0)]


def test_two_proofs_of_the_same_time_are_one() -> None:
    story = Story().polls(5).runs(1).pinged()
    story.judge.kept(1, 1, story.at, story.at + 100 * MS)
    story.judge.goes_on(1, 1, story.at, story.at + 100 * MS)
    story.runs(100)
    story.judge.turned(1, 1, story.at, ran=100 * MS)
    assert told(story.polls(5).end()) == [("busy-cpu", "compute", None, 100.0)]


def test_by_the_loops_own_time_a_turn_is_one_from_when_it_began_until_it_was_seen_to_go_on_last() -> None:
    story = Story().polls(5).runs(100)
    story.judge.goes_on(1, 1, story.at, story.at + 60 * MS)
    story.runs(60).pinged().runs(40)
    assert told(story.polls(5).end()) == [("busy-cpu", "compute", None, 100.0)]
    story = Story().polls(5).runs(100)
    story.judge.goes_on(1, 1, story.at, story.at + 60 * MS)
    assert told(story.runs(160).polls(5).end()) == [("busy-cpu", "compute", None, 60.0)]


def test_a_thread_that_got_no_cpu_is_starved() -> None:
    seen = Story().polls(5).runs(1, starved=True).pinged().runs(100, starved=True).polls(5).end()
    assert told(seen) == [("kernel", "starved", None, 101.0)]


def test_what_is_shorter_than_the_threshold_is_nottold() -> None:
    seen = Story().polls(20).waits(9).polls(20).end()
    assert seen.findings == ()
    assert seen.loop is not None
    assert seen.loop.stalls == 0


def test_a_proof_by_the_gil_is_void_once_the_gil_was_let_go() -> None:
    story = Story().polls(5).runs(1)
    story.judge.kept(1, 1, story.at, story.at + 5 * MS)
    story.runs(5)
    assert told(story.runs(50).polls(5).end()) == []


def test_a_pools_idle_thread_is_no_finding_and_one_at_work_is() -> None:
    judge = Judge(1, 0, Clock(), threshold_ns=10 * MS, plain_threads=False)
    idle = Segment(0, "call", "futex", view=a_view(loop=False, own=True, pool=True), end=50 * MS)
    busy = Segment(50 * MS, "call", "read", view=a_view(loop=False, pool=True), end=90 * MS)
    for segment in (idle, busy):
        judge.segment(1, 2, segment)
    assert told(judge.finish(90 * MS)) == [("worker-thread", None, "read", 40.0)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["polls", "waits", "runs", "faults", "pinged"]), st.integers(1, 60)), max_size=40
    )
)
def test_lanes_and_findings_agree_whatever_happens(parts: list[tuple[str, int]]) -> None:
    story = Story()
    for what, ms in parts:
        story.pinged() if what == "pinged" else getattr(story, what)(ms)
    seen = story.end()
    waited = sum(ms for what, ms in parts if what == "waits")
    assert sum(finding.total_ms for finding in seen.findings if finding.place == "loop-thread") <= 1.25 * waited + 1
