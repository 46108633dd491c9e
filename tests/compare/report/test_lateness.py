"""How late a loop is, held against what callbacks that come due at many moments would wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.report.watch.lateness import Lateness
from compare.results import LoopNow, LoopTurn, News

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOP = LoopNow(1, "MainThread", 0.0)
MOMENTS = 20_000


def _heard(at_ms: float, holds: Sequence[tuple[float, float]], held_ms: float = 0.0) -> tuple[Lateness, LoopNow]:
    lateness, loop = Lateness(60_000), LoopNow(1, "MainThread", held_ms)
    turns = tuple(LoopTurn(1, "MainThread", ended, ended - began) for began, ended in holds)
    lateness.hear(News(at_ms, (), turns, (loop,), (), 1, None, 0, ()))
    return lateness, loop


@st.composite
def _holds(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Stretches of some seconds that don't overlap."""
    at, found = 0.0, []
    for free, held in draw(st.lists(st.tuples(st.floats(0, 300), st.floats(1, 300)), max_size=12)):
        found.append((at + free, at + free + held))
        at += free + held
    return found


@given(_holds(), st.floats(500, 4000))
def test_it_is_what_callbacks_wait_that_come_due_at_any_moment(holds: list[tuple[float, float]], span: float) -> None:
    until = max((ended for _, ended in holds), default=0.0) + 100
    since = max(until - span, 0.0)
    moments = [since + (each + 0.5) * (until - since) / MOMENTS for each in range(MOMENTS)]
    waits = sorted(next((ended - at for began, ended in holds if began <= at < ended), 0.0) for at in moments)
    lateness, loop = _heard(until, holds)
    late = lateness.of(loop, span)
    assert late.median == pytest.approx(waits[MOMENTS // 2], abs=1)
    assert late.p99 == pytest.approx(waits[MOMENTS * 99 // 100], abs=1)
    assert late.worst >= waits[-1] - 1


def test_a_hold_that_goes_on_counts() -> None:
    lateness, loop = _heard(10_000, [], 8_000)
    late = lateness.of(loop, 10_000)
    assert late.worst == 8_000
    assert late.median == pytest.approx(3_000)


def test_a_line_has_the_longest_hold_of_each_step() -> None:
    lateness, loop = _heard(10_500, [(100, 200), (7_900, 8_100), (8_200, 8_250)], 300)
    assert lateness.line(loop, 4, 1000) == [200, 200, 0, 300]


def test_what_is_old_is_forgotten() -> None:
    lateness, loop = _heard(10_000, [(100, 200)])
    lateness.hear(News(90_000, (), (), (LOOP,), (), 1, None, 0, ()))
    assert lateness.of(loop, 60_000).worst == 0
    assert not lateness._holds
