"""Turns of asyncio's own loop, told apart from outside: the loop keeps the time at which each of them began."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compare.observe.interpreter.target import layout_of
from compare.observe.sampler.sampler import Sampler

if TYPE_CHECKING:
    from compare.observe.sampler.watched_thread import WatchedThread

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="stacks are read through /proc")

MS = 1_000_000
TURNS = 4
LOOKS, REST_S = 6, 0.006
"""So many looks at each turn's wait, which lasts longer than the threshold then."""
PROGRAM = f"""
import asyncio, sys, time
async def main():
    for _ in range({TURNS}):
        before = time.monotonic_ns()
        await asyncio.sleep(0)
        print(before, time.monotonic_ns(), flush=True)
        sys.stdin.readline()  # in the loop's thread, at the same line in each turn
asyncio.run(main())
"""


@pytest.mark.parametrize("debug", [False, True])
def test_a_loop_that_nobody_pings_tells_when_each_turn_began(*, debug: bool) -> None:
    command = [sys.executable, *(["-X", "dev"] if debug else []), "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdout.readline()
        sampler = Sampler(program.pid, layout_of(program.pid), None, threshold_ns=10 * MS, plain_threads=True)
        thread = _looked_at(sampler)
        for _ in range(TURNS - 1):
            program.stdin.write(b"\n")
            program.stdin.flush()
            before, after = map(int, program.stdout.readline().split())
            _looked_at(sampler)
            assert before < thread.came_round <= after
        seen = sampler.finish()
        program.stdin.write(b"\n")
    assert seen.loop is not None
    assert seen.loop.stalls == TURNS


def _looked_at(sampler: Sampler) -> WatchedThread:
    for _ in range(LOOKS):
        sampler.tick()
        time.sleep(REST_S)
    (thread,) = sampler._process.threads.values()
    return thread


UVLOOP = PROGRAM.replace("import asyncio", "import asyncio, uvloop").replace("asyncio.run(", "uvloop.run(")


def test_turns_of_uvloops_are_told_apart_by_how_many_libuv_counts() -> None:
    pytest.importorskip("uvloop")
    command = [sys.executable, "-c", UVLOOP]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdout.readline()
        sampler = Sampler(program.pid, layout_of(program.pid), None, threshold_ns=10 * MS, plain_threads=True)
        _looked_at(sampler)
        for _ in range(TURNS - 1):
            program.stdin.write(b"\n")
            program.stdin.flush()
            program.stdout.readline()
            _looked_at(sampler)
        seen = sampler.finish()
        program.stdin.write(b"\n")
    assert seen.loop is not None
    assert seen.loop.stalls == TURNS
    assert not any("a turn of a loop" in sentence for sentence in seen.missing)
