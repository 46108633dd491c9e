"""Where a loop that never waits turns: of lines that wait for one another, at the innermost that is seen enough."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from compare.observe.judge.segments import Work
from compare.observe.judge.without_waiting import Streak
from compare.results import Site
from tests.observe.judge.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import Finding

OUTER, INNER, OTHER = (Site("/app.py", line, name) for line, name in ((3, "quietly"), (9, "main"), (20, "other")))
BELOW: dict[Site | None, Counter[tuple[str, int]]] = {
    OUTER: Counter({("main", 9): 1}),  # once the two were read the wrong way round
    INNER: Counter({("quietly", 3): 9}),
    OTHER: Counter(),
}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({OUTER: 23, INNER: 10}, INNER),
        ({OUTER: 10, INNER: 23}, INNER),
        ({OUTER: 23, INNER: 1}, OUTER),
        ({OUTER: 23, OTHER: 10}, OUTER),
        ({}, None),
    ],
    ids=["the outer more often", "the inner more often", "the inner hardly ever", "a line beside it", "none"],
)
def test_where_it_turns(seen: dict[Site | None, int], expected: Site | None) -> None:
    streak = Streak()
    streak.sites.update(seen)
    streak.below.update(BELOW)
    assert streak.site == expected


def _turning(story: Story, work: Callable[[int], Work] | None = None) -> tuple[Finding, ...]:
    """What is told of a loop that turned for 300 ms, where one task gave way; `work`: what it handed to a thread."""
    for _ in range(100):
        if work is not None:
            story.judge.asked(1, work(story.at))
        story.turns(2).runs(1)
        story.judge.turned(1, 1, story.at, gave_way=7)
    return tuple(each for each in story.polls(50).end().findings if each.kind == "busy-polling")


def test_a_loop_that_turns_for_nothing_is_told_unless_it_turns_for_hops() -> None:
    (found,) = _turning(Story())
    assert found.total_ms > 200
    assert not _turning(Story(), lambda at: Work(at, 7, 4, INNER, at, asker=1))
    story = Story()
    story.judge.asked(1, Work(1, 7, 4, INNER, 0, asker=1))
    assert _turning(story)
