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


def _notes(ring: Ring) -> tuple[NotesRead, WatchedProcess]:
    """Begin another watch of this process."""
    me, now = os.getpid(), time.monotonic_ns()
    judge = Judge(me, now, Probe({}), threshold_ns=10**7, plain_threads=False)
    process = WatchedProcess(me, None, judge, now, Failures(), Frugal())
    return NotesRead(ring, process, now), process


def _note_work(writer: Ring, first: int, tid: int, request: int) -> None:
    for number, kind in enumerate((Kind.ASKED, Kind.STARTED, Kind.ENDED), first):
        writer.write(number, 0, int(kind), tid, request, POOL, 0, 0, 1)


def test_a_watch_goes_on_where_the_one_before_ended_and_takes_nothing_that_is_over() -> None:
    me, descriptor = os.getpid(), Ring.create()
    writer, first, second = Ring(descriptor), Ring(descriptor), Ring(descriptor)
    channel.let_go(descriptor)
    notes, process = _notes(first)
    writer.write(1, 0, int(Kind.LOOP_RUNS), me, 5, 0, 1, 0, 0)
    writer.write(2, 0, int(Kind.ASKED), me, 1, POOL, 0, 0, 1)
    _take(notes)
    for request in range(2, channel.RECORDS // 3):
        _note_work(writer, 3 * request - 3, me, request)
    _take(notes)
    process.close(0)
    standing = notes.standing()
    for request in range(channel.RECORDS // 3, channel.RECORDS // 2):  # as the ring's first records are written over
        _note_work(writer, 3 * request - 3, me, request)
    notes, process = _notes(second)
    notes.take_earlier(standing, time.monotonic_ns())
    assert list(notes.loops) == [me]
    assert list(notes.queue) == [1], "what is done is over, and what is still asked for waits"
    assert not process.work
    assert not list(notes.missing())
    process.close(0)
    for ring in (writer, first, second):
        ring.close()
