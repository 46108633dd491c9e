"""Stalls of one thread at one line are one, and what they waited for is never counted twice."""

from __future__ import annotations

from compare.report.watch.stalls_added import added
from compare.results import Finding, Site, Stall

SITE = Site("/srv/app.py", 3, "main")


def _stall(ended: float, ms: float, target: str, tid: int = 7) -> Stall:
    found = Finding("worker-thread", None, "worker", "worker", "read", target, SITE, "read()", 1, ms, ms)
    return Stall(ended, 1, found, tid)


def test_they_are_added_up_by_thread() -> None:
    first, second = added([_stall(1, 20, "/a"), _stall(2, 50, "/a"), _stall(3, 30, "/a", tid=8)])
    assert (first.ended, first.found.count, first.found.total_ms, first.found.longest_ms) == (2, 2, 70, 50)
    assert (second.tid, second.found.count, second.found.total_ms) == (8, 1, 30)


def test_what_they_waited_for_is_counted_once() -> None:
    once = added([_stall(at, 20, f"/{at % 3}") for at in range(9)])
    assert [stall.found.target for stall in once] == ["/0 and 2 more"]
    assert [stall.found.target for stall in added([*once, *once])] == ["/0 and 2 more"]
