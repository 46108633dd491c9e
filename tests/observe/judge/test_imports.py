"""What a module's import does to a loop is told apart: left out, or counted like anything else."""

from __future__ import annotations

import pytest

from tests.observe.judge.story import Story, a_view, told

IMPORTS = a_view(imports=True)


@pytest.mark.parametrize(("imports", "stalls"), [(True, 1), (False, 0)])
def test_an_import_holds_the_loop_if_it_is_asked_for(imports: bool, stalls: int) -> None:  # noqa: FBT001  a parameter
    story = Story(imports=imports).polls(20).runs(1, view=IMPORTS).pinged()
    story.runs(60, view=IMPORTS).waits(40, "openat", view=IMPORTS)
    seen = story.polls(20).end()
    expected = [("busy-cpu", "compute", None, 61.0), ("loop-thread", None, "openat", 40.0)]
    assert told(seen) == (expected if imports else [])
    assert seen.loop is not None
    assert seen.loop.stalls == stalls


def test_what_is_no_import_is_told_beside_one() -> None:
    story = Story(imports=False).polls(20).waits(200, "openat", view=IMPORTS).waits(30)
    seen = story.polls(20).end()
    assert told(seen) == [("loop-thread", None, "read", 30.0)]
    assert seen.loop is not None
    assert (seen.loop.stalls, seen.loop.longest_ms) == (1, 30.0)
