"""What a thread did between two looks is told only as far as these and the kernel's counters say."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Literal

import pytest

from compare.observe.interpreter.garbage import Collecting
from compare.observe.judge.segments import Segment
from compare.observe.kernel.threads import Times
from compare.observe.sampler.between_looks import by_then, changed_at, collected, is_missed, seen_until
from compare.observe.sampler.watched_thread import WatchedThread

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc")
MS = 1_000_000
SEEN = 100 * MS


def _thread(kind: Literal["running", "call"], *, since_ms: int = 0) -> WatchedThread:
    """One that was seen 100 ms after the beginning, at what it had done for a while."""
    thread = WatchedThread(os.getpid(), threading.get_native_id(), 0)
    thread.files.close()
    thread.open, thread.seen, thread.times = Segment(SEEN - since_ms * MS, kind), SEEN, Times(0, 0, 0)
    return thread


def test_between_two_looks_in_a_row_it_changed_halfway() -> None:
    assert changed_at(_thread("call"), Times(0, 0, 1), SEEN + MS, waits=False) == (SEEN + MS // 2, MS // 2)


def test_a_wait_ended_before_all_that_the_thread_ran_since() -> None:
    at, _ = changed_at(_thread("call"), Times(38 * MS, 0, 1), SEEN + 40 * MS, waits=False)
    assert at == SEEN + 2 * MS
    at, _ = changed_at(_thread("running"), Times(38 * MS, 0, 0), SEEN + 40 * MS, waits=True)
    assert at == SEEN + 38 * MS


def test_a_short_wait_is_not_told_for_the_time_in_which_nobody_looked_and_a_long_one_is() -> None:
    times, now = Times(MS, 0, 1), SEEN + 40 * MS
    for since_ms, until in ((2, SEEN), (50, SEEN + 20 * MS)):
        thread = _thread("call", since_ms=since_ms)
        assert is_missed(thread, times, now, same=False)
        assert seen_until(thread, changed_at(thread, times, now, waits=True)[0]) == until


def test_one_that_waits_in_the_same_call_was_not_missed() -> None:
    assert not is_missed(_thread("call"), Times(MS, 0, 1), SEEN + 40 * MS, same=True)


def test_a_collection_of_garbage_lasts_for_as_long_as_it_was_seen() -> None:
    collects, runs = Segment(0, "running", collecting=Collecting(())), Segment(0, "running")
    late, soon = (SEEN, SEEN + 40 * MS), (SEEN, SEEN + MS)
    half = SEEN + 20 * MS, SEEN + 20 * MS
    assert collected(collects, runs, late, half) == (SEEN, SEEN)
    assert collected(runs, collects, late, half) == (SEEN + 40 * MS, SEEN + 40 * MS)
    assert collected(runs, runs, late, half) == half
    assert collected(collects, runs, soon, half) == half


def test_what_a_thread_ran_after_a_note_that_was_read_late_is_not_told_before_it() -> None:
    times = by_then(_thread("running"), Times(30 * MS, 12 * MS, 3), SEEN + 10 * MS, 4 * MS)
    assert (times.run_ns, times.delay_ns) == (4 * MS, 6 * MS)
