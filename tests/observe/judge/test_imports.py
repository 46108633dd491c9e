"""What a module's import does to a loop is told apart: left out, or counted like anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compare.observe.interpreter.code_objects import Code
from compare.observe.interpreter.stacks import Frame
from tests.observe.judge.story import MS, Story, a_view, told

IMPORTS = a_view(imports=True)
ACQUIRES = Frame(Code("<frozen importlib._bootstrap>", "_ModuleLock.acquire", 1, ()), 1, 1, 0, 0)


@pytest.mark.parametrize(("imports", "stalls"), [(True, 1), (False, 0)])
def test_an_import_holds_the_loop_if_it_is_asked_for(imports: bool, stalls: int) -> None:  # noqa: FBT001  a parameter
    story = Story(imports=imports).polls(20).runs(1, view=IMPORTS).pinged()
    story.runs(60, view=IMPORTS).waits(40, "openat", view=IMPORTS)
    seen = story.polls(20).end()
    expected = [("busy-cpu", "compute", None, 61.0), ("loop-thread", None, "openat", 40.0)]
    assert told(seen) == (expected if imports else [])
    assert seen.loop is not None
    assert seen.loop.stalls == stalls
    assert story.judge.imported_ns() == (0 if imports else 101 * MS)


def test_what_is_no_import_is_told_beside_one() -> None:
    story = Story(imports=False).polls(20).waits(200, "openat", view=IMPORTS).waits(30)
    seen = story.polls(20).end()
    assert told(seen) == [("loop-thread", None, "read", 30.0)]
    assert seen.loop is not None
    assert (seen.loop.stalls, seen.loop.longest_ms) == (1, 30.0)


@pytest.mark.parametrize(("of_others", "expected"), [(True, [("lock", "import", "futex", 30.0)]), (False, [])])
def test_a_wait_for_what_another_thread_imports_is_no_import(
    of_others: bool,  # noqa: FBT001  a parameter
    expected: list[tuple[str, str | None, str | None, float]],
) -> None:
    story = Story(imports=False, imports_of_others=of_others).polls(20)
    story.waits(30, "futex", view=replace(IMPORTS, stack=(ACQUIRES,)))
    seen = story.polls(20).end()
    assert told(seen) == expected
    assert [finding.target for finding in seen.findings] == ["a module that another thread imports"] * len(expected)
