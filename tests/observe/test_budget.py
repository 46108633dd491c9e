"""How often the sampler looks: within its budget, and so often that no stall over the threshold goes by unseen."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe.interpreter.target import layout_of
from compare.observe.sampler.sampler import Sampler
from compare.observe.sampler.schedule import CALM_LOOKS, CALM_NS, MOST_A_TICK, Frugal, Schedule
from compare.observe.started.pace import ADAPT_NS, LOOKS_A_THRESHOLD, MOST_PERIOD_NS, PERIOD_NS, Pace
from compare.results import LOOP_PLACES
from compare.scenarios.script import program
from tests.observe.trial import was_starved
from tests.reading import line

if TYPE_CHECKING:
    from compare.observe.sampler.watched_thread import WatchedThread


MS = 1_000_000
TRIES = 4
"""How often it is run where the machine took a good part of its time away, by the observer's own account."""


class Thread:
    """As much of a watched thread as the schedule asks for."""

    def __init__(self, tid: int, *, loop: bool = False) -> None:
        self.tid, self.loop = tid, loop
        self.open: Any = object()
        self.calm = self.seen = 0


def _schedule(threads: dict[int, Any], frugal: Frugal) -> Schedule:
    return Schedule(threads, lambda thread: bool(thread.loop), frugal)


def _looked_at(schedule: Schedule, now: int) -> set[int]:
    return {thread.tid for thread in schedule.due(now)}


def test_a_thread_in_which_nothing_changes_is_looked_at_less_often_and_a_loop_within_its_threshold() -> None:
    threads = {1: Thread(1, loop=True), 2: Thread(2), 3: Thread(3)}
    threads[1].calm = threads[2].calm = CALM_LOOKS
    schedule = _schedule(threads, Frugal(threshold_ns=10 * MS))
    assert _looked_at(schedule, MS) == {3}
    assert _looked_at(schedule, 2 * MS) == {1, 3}
    assert _looked_at(schedule, CALM_NS) == {1, 2, 3}


def test_where_the_budget_is_spent_loops_are_looked_at_in_every_tick_all_the_same() -> None:
    threads = {1: Thread(1, loop=True), 2: Thread(2), 3: Thread(3)}
    threads[3].open = None  # it is new
    schedule = _schedule(threads, Frugal(threshold_ns=10 * MS, others_ns=4 * MS))
    assert _looked_at(schedule, MS) == {1, 3}
    assert _looked_at(schedule, 4 * MS) == {1, 2, 3}


def test_a_tick_that_comes_a_little_early_is_not_left_out_where_the_next_is_long_after() -> None:
    threads = {1: Thread(1), 2: Thread(2)}
    threads[1].calm = CALM_LOOKS
    schedule = _schedule(threads, Frugal(threshold_ns=10 * MS, others_ns=5 * MS))
    assert _looked_at(schedule, 5 * MS - MS // 10) == {1, 2}


def test_without_a_threshold_everything_is_looked_at() -> None:
    threads = {number: Thread(number) for number in range(MOST_A_TICK)}
    for thread in threads.values():
        thread.calm = CALM_LOOKS
    assert _looked_at(_schedule(threads, Frugal()), 1) == set(threads)


WAITS = "import sys; print('ready', flush=True); sys.stdin.readline(); print('read', flush=True); sys.stdin.readline()"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are looked at in /proc")
def test_a_wait_of_which_all_is_known_is_looked_at_no_further_until_its_thread_has_run() -> None:
    command = [sys.executable, "-c", WAITS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert line(program) == b"ready\n"
        sampler = Sampler(program.pid, layout_of(program.pid), None, threshold_ns=10 * MS, plain_threads=True)
        thread, whole = _looked_at_until_settled(sampler)
        _tick(sampler, 10)
        assert not whole
        assert thread.calm > CALM_LOOKS
        program.stdin.write(b"\n")
        program.stdin.flush()
        assert line(program) == b"read\n"
        _tick(sampler, 10)
        assert whole
        program.stdin.write(b"\n")
    sampler.finish()


def _looked_at_until_settled(sampler: Sampler) -> tuple[WatchedThread, list[bytes]]:
    """Its thread, once it has waited for long; and what is read of its call from then on."""
    deadline = time.monotonic() + 100
    sampler.tick()
    (thread,) = sampler._process.threads.values()
    while not sampler._process.visit.__self__._waits_still(thread, time.monotonic_ns()):  # type: ignore[attr-defined]
        _tick(sampler, 1)
        assert time.monotonic() < deadline
    whole: list[bytes] = []
    call = thread.files.call

    def counted() -> bytes:
        whole.append(call())
        return whole[-1]

    thread.files.call = counted  # type: ignore[method-assign]
    return thread, whole


def _tick(sampler: Sampler, times: int) -> None:
    for _ in range(times):
        time.sleep(0.006)
        sampler.tick()


def _work(ms: float) -> None:
    until = time.thread_time_ns() + ms * MS
    while time.thread_time_ns() < until:
        pass


def test_a_pace_that_costs_too_much_gets_slower_as_far_as_the_threshold_allows_and_quicker_again() -> None:
    frugal = Frugal(threshold_ns=8 * MS)
    pace = Pace(frugal, share=0.01)
    while not frugal.others_ns:
        _work(0.5)
        pace.rest()
    assert pace._period == 8 * MS // LOOKS_A_THRESHOLD
    deadline = time.monotonic_ns() + 100 * ADAPT_NS
    while (pace._period > PERIOD_NS or frugal.others_ns) and time.monotonic_ns() < deadline:
        pace.rest()
        pace._worked_then = pace._worked  # as if it had cost nothing
    assert (pace._period, frugal.others_ns) == (PERIOD_NS, 0)


def test_a_larger_threshold_leaves_more_time_between_looks_up_to_a_limit() -> None:
    most = [Pace(Frugal(threshold_ns=ms * MS), share=0.01)._most for ms in (1, 8, 20, 1000)]
    assert most == [PERIOD_NS, 4 * MS, MOST_PERIOD_NS, MOST_PERIOD_NS]


def test_a_pace_without_a_budget_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compare.observe.started.pace.ADAPT_NS", 0)
    pace = Pace(Frugal(threshold_ns=8 * MS), share=None)
    for _ in range(5):
        _work(0.5)
        pace.rest()
    assert pace._period == PERIOD_NS


STALLS = """
import asyncio, time
async def main():
    for _ in range(20):
        await asyncio.sleep(0.03)
        time.sleep(0.016)  # held
asyncio.run(main())
"""


def test_no_stall_over_the_threshold_is_missed_with_the_smallest_budget(tmp_path: Path) -> None:
    path = tmp_path / "stalls.py"
    path.write_text(STALLS)
    for _ in range(TRIES):
        row, status = program.run([str(path)], share=0.001)
        assert status == 0
        assert row.observation is not None
        if not was_starved(row.observation):
            break
    assert row.observation is not None
    (finding,) = (each for each in row.observation.findings if each.place in LOOP_PLACES)
    assert finding.call == "clock_nanosleep"
    if was_starved(row.observation):  # it is said, and proves nothing
        pytest.skip("others used the processors all the while")
    assert finding.count == 20
    assert finding.total_ms >= 0.75 * 20 * 16


def test_the_budget_is_an_argument() -> None:
    command = [sys.executable, "-m", "compare", "script", "--budget", "0", "x.py"]
    ended = subprocess.run(command, capture_output=True, timeout=100, check=False)
    assert (ended.returncode, ended.stderr.count(b"must be 0.1 or more, not 0")) == (2, 1)
