"""The log has stalls: what held a loop, or kept work waiting."""

from __future__ import annotations

import pytest

from compare.report.watch.log import is_logged
from compare.results import Place, Stall
from tests.compare.report.test_summary import finding


@pytest.mark.parametrize(
    ("place", "longest_ms", "logged"),
    [
        ("worker-thread", 5.0, False),
        ("worker-thread", 12.0, True),
        ("loop-thread", 5.0, True),
        ("pool-queue", 5.0, True),
    ],
)
def test_a_workers_many_short_waits_are_no_stall(place: Place, longest_ms: float, *, logged: bool) -> None:
    found = finding(place=place, total_ms=30.0, longest_ms=longest_ms, count=6)
    assert is_logged(Stall(0.0, 7, found), 10.0) is logged
