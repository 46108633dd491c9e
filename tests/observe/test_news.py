"""What the observer tells while it watches: each stall as it ends, and what holds the loop at this moment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from compare.observe import Observer
from compare.observe.started.observer import ObserverError
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from compare.results import News

SERVICE = """
import asyncio, sys
async def main():
    print("ready", flush=True)
    while True:
        open(sys.argv[1]).read()
        await asyncio.sleep(0.01)
asyncio.run(main())
"""
ENOUGH_S = 120


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "gate")
    return tmp_path / "gate"


@pytest.fixture
def service(fifo: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Its loop is held in `open` until somebody opens the other end."""
    with subprocess.Popen([sys.executable, "-c", SERVICE, fifo], stdout=subprocess.PIPE) as process:
        line(process)
        yield process
        process.kill()


def _until(observer: Observer, told: Callable[[News], bool]) -> News:
    limit = time.monotonic() + ENOUGH_S
    while time.monotonic() < limit:
        news = observer.news()
        if told(news):
            return news
    pytest.fail("it was never told")


def test_what_holds_the_loop_is_told_before_it_ends(service: subprocess.Popen[bytes], fifo: Path) -> None:
    with Observer() as observer:
        observer.begin(service.pid, news=True)
        for _ in range(2):
            news = _until(observer, lambda news: any(loop.held_ms > 50 for loop in news.loops))
            (loop,) = news.loops
            assert (loop.process, loop.call, loop.target) == (service.pid, "openat", str(fifo))
            assert loop.site is not None
            assert loop.site.line == 6
            assert not news.stalls
            with fifo.open("w"):
                pass
            (stall,) = _until(observer, lambda news: bool(news.stalls)).stalls
            assert (stall.process, stall.found.place, stall.found.call) == (service.pid, "loop-thread", "openat")
            assert stall.found.count == 1
            assert stall.found.total_ms > 20
            assert abs(stall.ended - time.time()) < ENOUGH_S
            assert observer.so_far().findings[0].call == "openat"
        (finding,) = observer.end().findings
    assert finding.count >= 2


def test_an_answer_that_fails_costs_no_more_than_itself(service: subprocess.Popen[bytes], fifo: Path) -> None:
    with Observer() as observer:
        observer.begin(service.pid, news=True)
        with pytest.raises(ObserverError, match="keep_ns"):
            observer.recorded()  # which was not said to be kept
        _until(observer, lambda news: any(loop.held_ms > 50 for loop in news.loops))
        with fifo.open("w"):
            pass
        _until(observer, lambda news: bool(news.stalls))
        seen = observer.end()
    assert seen.findings[0].call == "openat"
    (failed,) = (each for each in seen.missing if "failed in the observer itself" in each)
    assert failed.startswith("one look that failed")


MANY = """
import asyncio
async def main():
    tasks = [asyncio.create_task(asyncio.sleep(60)) for _ in range(41)]
    await asyncio.sleep(0)
    print("ready", flush=True)
    await tasks[0]
asyncio.run(main())
"""


def test_tasks_are_counted_from_outside() -> None:
    with subprocess.Popen([sys.executable, "-c", MANY], stdout=subprocess.PIPE) as process, Observer() as observer:
        line(process)
        observer.begin(process.pid, news=True)
        assert _until(observer, lambda news: news.tasks is not None).tasks == 42
        process.kill()


MANY_OF_TRIO = """
import trio
async def main():
    async with trio.open_nursery() as nursery:
        for _ in range(41):
            nursery.start_soon(trio.sleep, 60)
        print("ready", flush=True)
trio.run(main)
"""


def test_tasks_of_trio_are_counted_from_outside() -> None:
    with subprocess.Popen([sys.executable, "-c", MANY_OF_TRIO], stdout=subprocess.PIPE) as process:
        with Observer() as observer:
            line(process)
            observer.begin(process.pid, news=True)
            many = _until(observer, lambda news: news.tasks is not None).tasks
        process.kill()
    assert many == 1 + 1 + 1 + 41  # trio's first task, the one of its helpers' nursery, main, and those


def test_nothing_is_kept_for_nobody(service: subprocess.Popen[bytes], fifo: Path) -> None:
    with Observer() as observer:
        observer.begin(service.pid)
        _until(observer, lambda news: any(loop.held_ms > 50 for loop in news.loops))
        with fifo.open("w"):
            pass
        _until(observer, lambda news: any(loop.held_ms < 50 for loop in news.loops))
        news = observer.news()
        assert not news.stalls
        assert not news.turns
        (finding,) = observer.end().findings
    assert finding.call == "openat"
