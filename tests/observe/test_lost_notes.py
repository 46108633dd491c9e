"""Where the agent's notes came faster than they were read, what is under way is forgotten, and not told as waiting."""

from __future__ import annotations

import os
import time

from compare.observe.agent import channel
from compare.observe.agent.channel import Kind, Ring
from compare.observe.judge.judge import Judge
from compare.observe.sampler.failures import Failures
from compare.observe.sampler.notes_read import NotesRead
from compare.observe.sampler.probe import Probe
from compare.observe.sampler.schedule import Frugal
from compare.observe.sampler.watched_process import WatchedProcess

POOL = 7


def _take(notes: NotesRead) -> None:
    for record in notes.read():
        notes.take(record)


def test_work_whose_begin_was_lost_does_not_wait_for_good() -> None:
    me, now = os.getpid(), time.monotonic_ns()
    descriptor = Ring.create()
    agent, ring = Ring(descriptor), Ring(descriptor)
    channel.let_go(descriptor)
    judge = Judge(me, now, Probe({}), threshold_ns=10**7, plain_threads=False)
    process = WatchedProcess(me, None, judge, now, Failures(), Frugal())
    notes = NotesRead(ring, process, now)
    agent.write(1, now, int(Kind.ASKED), me, 1, POOL, 0, 0, 1)
    agent.write(2, now, int(Kind.ASKED), me, 2, POOL, 0, 0, 1)
    agent.write(3, now, int(Kind.STARTED), me, 1, POOL, 0, 0, 0)
    _take(notes)
    assert list(notes.queue) == [2]
    assert list(process.work) == [me]
    for number in range(4, channel.RECORDS + 10):  # work 1 ended, and work 2 began, among these
        agent.write(number, now, int(Kind.PONG), me, number, 0, 0, 0, 0)
    _take(notes)
    assert notes.queue == process.work == {}
    assert any("agent's notes" in each for each in notes.missing())
    agent.write(channel.RECORDS + 10, now, int(Kind.ASKED), me, 3, POOL, 0, 0, 1)
    _take(notes)
    assert notes.queue[3].free, "a thread is taken to be free until work that is known to be there takes it"
    process.close(now)
    agent.close()
    ring.close()
