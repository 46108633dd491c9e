"""What a loop computes in a turn, and the garbage it collects: told as what it is, once, beside what it waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from compare.observe.interpreter.garbage import Collecting
from compare.observe.interpreter.views import View
from compare.observe.judge import computing
from compare.observe.judge.ledger import Ledger
from compare.observe.judge.segments import Segment
from compare.observe.judge.threads import Threads
from compare.observe.judge.turns import Turn
from compare.results import Site

if TYPE_CHECKING:
    from compare.results import Finding

MS = 1_000_000
LINE = Site("/app.py", 7, "work")
IN_A_STEP = View(
    site=LINE, mine=True, loop=True, own=False, step=(1,), task=(1,), turn=1, library=False, pool=False,
    imports=False, top=(2, 7), anchor=(2, 7), frames=((2, 7),),
)  # fmt: skip


def _turn(threads: Threads, *parts: tuple[int, Collecting | None]) -> Turn:
    segments, at = [], 0
    for ms, collecting in parts:
        segment = Segment(at, "running", end=at + ms * MS, view=IN_A_STEP, cpu=ms * MS, collecting=collecting)
        segments.append(segment)
        at = segment.end
    return Turn(threads.get(1, 1), segments, at, proven=0, held=at, waited=0)


def _told(*turns: tuple[tuple[int, Collecting | None], ...]) -> list[tuple[str | None, str | None, int, float]]:
    threads = Threads(1)
    ledger = Ledger(threads, 10 * MS)
    for parts in turns:
        computing.judge(_turn(threads, *parts), ledger, 10 * MS)
    return [(each.kind, each.target, each.count, each.total_ms) for each in _findings(ledger)]


def _findings(ledger: Ledger) -> tuple[Finding, ...]:
    return ledger.findings(lambda account, entry: ledger.finding(account, entry, lambda _, known: known))


def _collecting(generation: int | None, times: int = 1) -> Collecting:
    return Collecting((), times=times, generation=generation)


def test_what_the_collector_took_is_not_told_as_computing_too() -> None:
    parts = ((20, None), (40, _collecting(2)), (5, None))
    assert _told(parts) == [("gc", "generation 2", 1, 40.0), ("compute", None, 1, 25.0)]


def test_collections_of_several_turns_are_one_finding_of_the_oldest_generation() -> None:
    assert _told(((40, _collecting(1, 3)),), ((60, _collecting(2)), (1, None)), ((30, _collecting(None)),)) == [
        ("gc", "generation 2", 5, 130.0)
    ]


def test_many_short_ones_are_told_where_they_are_most_of_a_turn() -> None:
    parts = [(4, _collecting(0)), (1, None)] * 5
    assert _told(tuple(parts)) == [("gc", "generation 0", 5, 20.0)]
    parts = [(4, _collecting(0)), (6, None)] * 5
    assert _told(tuple(parts)) == [("compute", None, 1, 50.0)]


def test_a_short_collection_is_part_of_what_the_line_computes() -> None:
    assert _told(((30, None), (2, _collecting(0)))) == [("compute", None, 1, 32.0)]


def test_a_callback_that_no_frame_tells_of_is_no_line_of_anybodys() -> None:
    threads = Threads(1)
    for tops, told in (((2, 2, 2), [("compute", None, 60.0)]), ((2, 3, 2), [("backlog", None, 60.0)])):
        ledger = Ledger(threads, 10 * MS)
        turn = _turn(threads, *((20, None) for _ in tops))
        for segment, top in zip(turn.segments, tops, strict=True):
            segment.view = replace(IN_A_STEP, site=None, mine=False, own=True, step=(), top=(1, top))
        computing.judge(turn, ledger, 10 * MS)
        findings = _findings(ledger)
        assert [(each.kind, each.site, each.total_ms) for each in findings] == told


def test_what_is_computed_is_told_beside_a_longer_wait() -> None:
    threads = Threads(1)
    ledger = Ledger(threads, 10 * MS)
    turn = _turn(threads, (40, None))
    sleeps = Segment(40 * MS, "call", "clock_nanosleep", end=440 * MS, view=IN_A_STEP)
    turn.segments.append(sleeps)
    turn.until, turn.held, turn.waited = 440 * MS, 440 * MS, 400 * MS
    computing.judge(turn, ledger, 10 * MS)
    assert [(each.kind, each.total_ms) for each in _findings(ledger)] == [("compute", 40.0)]
