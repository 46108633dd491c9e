"""A loop that is written by hand polls by one epoll, also where its stack could not be read."""

from __future__ import annotations

from compare.observe.judge.segments import Segment
from tests.observe.judge.story import MS, Story, a_view

POLLS = a_view(loop=False)


def _polls(story: Story, ms: int, *, read: bool = True) -> None:
    segment = Segment(story.at, "call", "epoll_wait", (3, 0, 0, 0), view=POLLS if read else None)
    story.at += ms * MS
    segment.end = story.at
    story.judge.segment(1, 1, segment)


def test_its_own_epoll_is_its_poller() -> None:
    story = Story(agent=False)
    for _ in range(10):
        _polls(story, 30)
    _polls(story, 50, read=False)
    _polls(story, 30)
    seen = story.end()
    assert seen.findings == ()
    assert seen.loop is not None
    assert seen.loop.stalls == 0
