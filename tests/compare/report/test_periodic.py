"""The summary of the last seconds: one screen, whatever there was, and its memory is bounded."""

from __future__ import annotations

from compare.report.watch.periodic import MOST_FINDINGS, MOST_STALLS, Periodic
from compare.results import Finding, LoopNow, LoopTurn, News, QueueNow, Site, Stall

LOOP = LoopNow(7, "MainThread", 0.0)


def _stall(line: int) -> Stall:
    site = Site("/srv/app.py", line, "main")
    found = Finding("loop-thread", None, "MainThread", "loop", "read", "/mnt/x", site, "read()", 1, 20.0, 20.0)
    return Stall(0.0, 7, found, tid=7)


def _news(at_ms: float, *stalls: Stall, held_ms: float = 0.0) -> News:
    turns = (LoopTurn(7, "MainThread", at_ms, held_ms),) if held_ms else ()
    return News(at_ms, stalls, turns, (LOOP,), (QueueNow(7, 4, 17, 310.0),), 9, None, 0, ("no lines",))


def test_it_is_told_when_it_is_due_and_not_before() -> None:
    periodic = Periodic(1.0, 10.0)
    assert periodic.hear(_news(900, _stall(3), held_ms=400.0)) == ""
    told = periodic.hear(_news(1010, _stall(3)), 100)
    assert "the last 1 s, 9 threads" in told
    assert "not seen: no lines" in told
    assert "late by <10 ms (median), 390 ms (99th percentile), 400 ms (worst)" in told
    assert "pool of 4 threads in process 7: 17 queued, the first for 310 ms" in told
    assert "the loop waits in `read` for /mnt/x at /srv/app.py:3, 2 waits, the longest 20 ms" in told
    again = periodic.hear(_news(2010), 100)
    assert "not seen" not in again
    assert "waits in" not in again


def test_an_hour_of_stalls_is_one_screen_and_few_stalls() -> None:
    periodic = Periodic(3600.0, 10.0)
    for at in range(1, 3600):
        assert periodic.hear(_news(at * 1000.0, *(_stall(line) for line in range(1, 9)))) == ""
        assert len(periodic._stalls) <= MOST_STALLS + 8
    told = periodic.hear(_news(3_600_000.0), 100)
    assert told.count("! ") == MOST_FINDINGS
    assert "3,599 waits" in told
    assert f"and {8 - MOST_FINDINGS} more" in told
