"""How soon the sampler knows of threads: all that are there at its first look, however small its budget."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe.interpreter.target import layout_of
from compare.observe.sampler.failures import Failures
from compare.observe.sampler.sampler import Sampler
from compare.observe.sampler.schedule import Frugal
from compare.observe.sampler.watched_process import LISTING_NS, WatchedProcess
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are listed in /proc")

MS = 1_000_000
THREADS = 100
SHARE = 0.001
AWAY_S = 0.2


@pytest.fixture
def many_threads() -> Iterator[int]:
    """A program with many threads that wait."""
    command = [sys.executable, "-m", "benchmarks.threads", str(THREADS)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert line(program) == b"ready\n"
        yield program.pid
        program.stdin.close()


def test_all_threads_are_counted_at_the_first_look(many_threads: int) -> None:
    layout = layout_of(many_threads)
    sampler = Sampler(many_threads, layout, None, threshold_ns=10 * MS, plain_threads=False, share=SHARE)
    sampler.tick()
    assert sampler.so_far().threads == 1 + THREADS
    assert sampler.finish().threads == 1 + THREADS


def test_a_busy_machine_does_not_put_off_the_next_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget is of processor time: while others have the processor, nothing is spent."""
    listings: list[int] = []
    judge: Any = type("Judge", (), {"most_threads": lambda *_: None})()
    process = WatchedProcess(os.getpid(), None, judge, 0, Failures(), Frugal(threshold_ns=10 * MS, sweeps=SHARE))

    def kept_from_it() -> list[int]:
        time.sleep(AWAY_S)
        listings.append(1)
        return []

    monkeypatch.setattr(process.kernel, "tids", kept_from_it)
    try:
        process.list_threads(LISTING_NS)
        process.list_threads(LISTING_NS + int(100 * AWAY_S * 1e9))
        assert len(listings) == 2
    finally:
        process.stacks.close()
