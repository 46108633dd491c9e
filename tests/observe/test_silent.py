"""Pythons that were there before the watch, and have no agent: which of them are told of."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from compare.observe.agent import channel
from compare.observe.interpreter.calibration import calibrate
from compare.observe.interpreter.memory import Unreadable
from compare.observe.sampler.agents import Agent
from compare.observe.sampler.sampler import SILENT_NS, Sampler
from tests.reading import line

TRACKER = """
from multiprocessing import resource_tracker as it
it.ensure_running()
child = it._resource_tracker._pid
"""
ANY = """
import subprocess, sys
waits = "%s; print(flush=True); %s"
started = subprocess.Popen([sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
started.stdout.readline()
child = started.pid
"""
WAITS = ANY % ("import sys", "sys.stdin.read()")
THREADS = ANY % ("import sys, threading; threading.Thread(target=sys.stdin.read).start()", "0")
POLLS = ANY % ("import select", "select.select([0], [], [])")
LOOKS = 100
"""So many at least, also where others use the processors."""
THEN = "import sys; print(child, flush=True); sys.stdin.read()"


def unseen(pid: int) -> str:
    """Watch a program for a while; returns what could not be seen."""
    try:
        layout = calibrate()
    except Unreadable as why:
        pytest.skip(str(why))
    ring, (read, write) = channel.Ring.create(), os.pipe()
    agent = Agent(ring, write)
    channel.let_go(ring)
    sampler = Sampler(pid, layout, agent, threshold_ns=10**7, plain_threads=True)
    until, looks = time.monotonic_ns() + 6 * SILENT_NS, 0
    while time.monotonic_ns() < until or looks < LOOKS:
        sampler.tick()
        looks += 1
        time.sleep(0.002)
    seen = sampler.finish()
    agent.close()
    os.close(read)
    return "; ".join(seen.missing)


CASES = [(TRACKER, False), (WAITS, False), (THREADS, True), (POLLS, True)]


@pytest.mark.parametrize(("start", "is_told"), CASES, ids=["tracker", "waits", "threads", "polls"])
def test_what_has_one_thread_and_polls_nothing_needs_no_agent(start: str, *, is_told: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", start + THEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        child = int(line(program))
        os.kill(child, 0)  # it is there
        missing = unseen(program.pid)
        assert (f"process {child}: no agent got into" in missing) is is_told
        program.stdin.close()
        assert program.wait(30) == 0
