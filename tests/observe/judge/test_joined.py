"""What a thread runs in the kernel, at the line at which it waits in a call, is that call's."""

from __future__ import annotations

from compare.results import Site
from tests.observe.judge.story import Story, a_view, told

ELSEWHERE = a_view(site=Site("/app.py", 6, "work"), step=2)


def _writes_and_waits(user: int) -> Story:
    story = Story().polls(5).runs(1, view=ELSEWHERE).pinged()
    for _ in range(5):
        story.waits(10, "fsync").runs_in_the_kernel(20, user=user).runs(1, view=ELSEWHERE).runs_in_the_kernel(20)
    return story.polls(5)


def test_a_call_that_waits_and_works_by_turns_is_one_finding() -> None:
    (finding,) = told(_writes_and_waits(user=0).end())
    assert finding == ("loop-thread", None, "fsync", 250.0)


def test_what_runs_outside_of_the_kernel_is_computed() -> None:
    places = {each[:2] for each in told(_writes_and_waits(user=2).end())}
    assert places == {("loop-thread", None), ("busy-cpu", "compute")}


def test_one_wait_says_nothing_of_what_runs_there_for_long() -> None:
    story = Story().polls(5).runs(1).pinged().waits(1, "fsync").runs(1, view=ELSEWHERE).runs_in_the_kernel(200)
    assert [each[:2] for each in told(story.polls(5).end())] == [("busy-cpu", "compute")]
