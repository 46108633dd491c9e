"""Where a loop that never waits turns: of lines that wait for one another, at the innermost that is seen enough."""

from __future__ import annotations

import pytest

from compare.observe.judge.without_waiting import Streak
from compare.results import Site

OUTER, INNER, OTHER = (Site("/app.py", line, name) for line, name in ((3, "quietly"), (9, "main"), (20, "other")))
BELOW: dict[Site | None, set[tuple[str, int]]] = {OUTER: set(), INNER: {("quietly", 3)}, OTHER: set()}


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
