"""One stretch of time has one cause: what is told of a loop is no more than it was held, and nothing is told twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.observe.judge.story import Story, of_loops, replay, told

if TYPE_CHECKING:
    from compare.results import Observation

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))
PARTS = ["polls", "waits", "runs", "faults", "gil", "turns", "pinged", "ponged", "starved", "step"]
ROUNDING_MS = 0.01


def _tell(story: Story, what: str, ms: int, number: int) -> None:
    if what in {"pinged", "ponged"}:
        getattr(story, what)()
    elif what == "starved":
        story.runs(ms, starved=True)
    elif what == "step":
        story.runs(ms, step=number)
    else:
        getattr(story, what)(ms)


def _holds(seen: Observation, away_ms: float) -> None:
    """What is told of loops is within what they were held, and all of it within their time outside of the poller."""
    held = seen.loop.total_ms if seen.loop else 0.0
    findings = of_loops(seen)
    assert sum(finding.total_ms for finding in findings) <= held + ROUNDING_MS
    assert not findings or (seen.loop is not None and seen.loop.stalls > 0)
    assert seen.loop is None or seen.loop.longest_ms <= held + ROUNDING_MS
    every = [each for each in seen.findings if each.role == "loop" or each.place == "gil" or each.kind == "starved"]
    assert sum(finding.total_ms for finding in every) <= away_ms + ROUNDING_MS


@example([("polls", 1, 1), ("runs", 2, 1), ("turns", 8, 1), ("starved", 90, 1), ("waits", 6, 1)], False)  # noqa: FBT003
@example(
    [
        ("polls", 1, 1), ("runs", 1, 1), ("runs", 1, 1), ("turns", 88, 1),
        ("pinged", 1, 1), ("starved", 1, 1), ("starved", 9, 1), ("waits", 6, 1),
    ],
    True,  # noqa: FBT003
)  # fmt: skip
@given(st.lists(st.tuples(st.sampled_from(PARTS), st.integers(1, 200), st.integers(1, 3)), max_size=60), st.booleans())
def test_of_a_made_up_loop(parts: list[tuple[str, int, int]], agent: bool) -> None:  # noqa: FBT001  drawn
    story = Story(agent=agent)
    for what, ms, number in parts:
        _tell(story, what, ms, number)
    timed = [(what, ms) for what, ms, _ in parts if what not in {"pinged", "ponged"}]
    _holds(story.end(), sum(ms for what, ms in timed if what != "polls"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_of_a_recorded_loop(path: Path) -> None:
    seen = replay(path)
    loops = [lane for lane in seen.lanes if lane.role == "loop"]
    assert loops
    away = sum(span.end_ms - span.start_ms for lane in loops for span in lane.spans if span.state != "poller")
    _holds(seen, away)


def test_a_loop_that_computes_once_does_not_poll() -> None:
    """The stack of a greenlet looks as if the loop's own code ran all the while."""
    story = Story().polls(5).turns(1).pinged()
    for _ in range(100):
        story.turns(2).runs(1)
    assert told(story.ponged().polls(5).end()) == [("busy-cpu", "compute", None, 301.0)]


def test_a_loop_that_turns_for_nothing_polls() -> None:
    story = Story().polls(5)
    for _ in range(200):
        story.turns(2).runs(1).pinged().ponged()
    assert told(story.polls(5).end()) == [("busy-cpu", "busy-polling", None, 600.0)]


def test_what_adds_up_only_in_minutes_is_not_told() -> None:
    story = Story()
    for _ in range(16):
        story.polls(2000).waits(2)
    seen = story.end()
    assert seen.findings == ()
    assert seen.loop is not None
    assert seen.loop.stalls == 0


def test_what_adds_up_in_a_second_is_told_and_the_headline_says_so_too() -> None:
    story = Story().polls(2000).waits(9).polls(2000)
    for _ in range(10):
        story.polls(50).waits(2)
    seen = story.polls(2000).waits(9).end()
    assert told(seen) == [("loop-thread", None, "read", 20.0)]
    assert seen.loop is not None
    assert (seen.loop.stalls, seen.loop.longest_ms, seen.loop.total_ms) == (10, 2.0, 20.0)
