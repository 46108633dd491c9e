"""A service that makes a thread for each request: what is kept of those that have ended is bounded, and told whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.judge import ledger
from compare.observe.judge.segments import Segment
from compare.results import Site
from tests.observe.judge.story import MS, Story, a_view

if TYPE_CHECKING:
    import pytest

HANDLER, OTHER = Site("/app.py", 3, "handle"), Site("/app.py", 5, "log")


def _thread(story: Story, tid: int, ms: int, site: Site = HANDLER) -> None:
    wait = Segment(0, "call", "clock_nanosleep", (1,), end=ms * MS, view=a_view(loop=False, site=site))
    story.judge.segment(1, tid, wait)
    story.judge.thread_ends(1, tid, ms * MS)


def test_those_that_waited_alike_are_told_as_one_from_some_on_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST_ALIKE", 3)
    story = Story(plain_threads=True)
    for tid in range(2, 12):
        _thread(story, tid, 20 + tid)
    _thread(story, 20, 15, OTHER)
    seen = story.judge.finish(100 * MS)
    alike = [each for each in seen.findings if each.site == HANDLER]
    assert len(alike) == 3
    assert sum(each.count for each in alike) == 10
    assert sum(each.total_ms for each in alike) == sum(20 + tid for tid in range(2, 12))
    assert max(each.longest_ms for each in alike) == 31
    assert [each.count for each in seen.findings if each.site == OTHER] == [1]
    assert any("how many threads waited alike, where more than 3" in sentence for sentence in seen.missing)


def test_fewer_are_told_one_by_one_and_nothing_is_missing() -> None:
    story = Story(plain_threads=True)
    for tid in range(2, 5):
        _thread(story, tid, 20)
    story.at = 100 * MS
    seen = story.end()
    assert len([each for each in seen.findings if each.site == HANDLER]) == 3
    assert not any("alike" in sentence for sentence in seen.missing)


def test_nothing_is_kept_of_a_thread_of_which_nothing_is_told() -> None:
    story = Story(plain_threads=True)
    for tid in range(2, 50):
        _thread(story, tid, 1)
    assert [thread.key for thread in story.judge._threads if not thread.loop] == []
    assert not list(story.judge._ledger)
