"""Notes of work that comes fast: what of them changes how a worker's time is told, and how many are read at a time."""

from __future__ import annotations

import itertools
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from compare.observe.agent import channel
from compare.observe.agent.channel import Kind, Ring
from compare.observe.agent.record import Record
from compare.observe.judge.judge import Judge
from compare.observe.judge.segments import Segment
from compare.observe.sampler.agents import Agent
from compare.observe.sampler.failures import Failures
from compare.observe.sampler.notes_read import BRIEF_NS
from compare.observe.sampler.probe import Probe
from compare.observe.sampler.sampler import Sampler
from compare.observe.sampler.schedule import Frugal
from compare.observe.sampler.watched_process import WatchedProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

POOL, HOP_NS = 7, 30_000


class Heard(Judge):
    """A judge that writes down each stretch of a thread's time before it judges it."""

    def __init__(self, now: int) -> None:
        super().__init__(os.getpid(), now, Probe({}), threshold_ns=10**7, plain_threads=True)
        self.stretches: list[Segment] = []

    def segment(self, pid: int, tid: int, segment: Segment) -> None:
        self.stretches.append(segment)
        super().segment(pid, tid, segment)


@pytest.fixture
def watched() -> Iterator[tuple[WatchedProcess, Heard]]:
    """This process, of which nobody takes a look in between."""
    now = time.monotonic_ns()
    judge = Heard(now)
    process = WatchedProcess(os.getpid(), None, judge, now, Failures(), Frugal(10**7))
    process.list_threads(now)
    yield process, judge
    process.close(now)


def hops(process: WatchedProcess, worker: int, began: int, count: int) -> int:
    """Have a worker do so many pieces of work, one after the other; returns when it is done."""
    for number in range(1, count + 1):
        for kind, at in ((Kind.ASKED, 0), (Kind.STARTED, HOP_NS // 3), (Kind.ENDED, HOP_NS * 2 // 3)):
            process.notes.take(Record(began + at, kind, worker, number, POOL, 0, 0, 4))
        began += HOP_NS
    return began


def test_of_many_brief_pieces_a_worker_is_not_told_one_by_one(watched: tuple[WatchedProcess, Heard]) -> None:
    process, judge = watched
    worker, began = threading.get_native_id(), process.began
    process.threads[worker].open = Segment(began, "running")
    until = hops(process, worker, began, 100)
    going = process.threads[worker].open
    assert going is not None
    assert len(judge.stretches) <= (until - began) // BRIEF_NS + 1
    assert began + sum(each.ns for each in judge.stretches) == going.start
    assert not process.work
    assert not process.notes.queue


def test_a_wait_ends_where_the_work_begins_however_brief_it_was(watched: tuple[WatchedProcess, Heard]) -> None:
    process, judge = watched
    worker, began = threading.get_native_id(), process.began
    process.threads[worker].open = Segment(began, "call", "futex")
    process.notes.take(Record(began + 10, Kind.ASKED, worker, 1, POOL, 0, 0, 4))
    process.notes.take(Record(began + 20, Kind.STARTED, worker, 1, POOL, 0, 0, 4))
    assert [(each.call, each.ns) for each in judge.stretches] == [("futex", 20)]
    going = process.threads[worker].open
    assert going is not None
    assert (going.kind, going.start, going.work) == ("running", began + 20, process.work[worker])


def test_notes_that_come_while_others_are_read_wait_for_the_next_look() -> None:
    where, (read, write) = Ring.create(), os.pipe()
    ring, agent = Ring(where), Agent(where, write)
    channel.let_go(where)
    later = time.monotonic_ns() + 3600 * 10**9
    for number in range(1, 5):
        ring.write(number, later, int(Kind.ASKED), 1, number, POOL, 0, 0, 0)
    try:
        sampler = Sampler(os.getpid(), None, agent, threshold_ns=10**7, plain_threads=True)
        assert [record.first for record in agent.ring.read()] == [2, 3, 4]
        assert agent.ring.lost == 0
        sampler.finish()
    finally:
        agent.close()
        ring.close()
        os.close(read)


def test_a_wait_that_was_seen_after_a_note_began_after_it(watched: tuple[WatchedProcess, Heard]) -> None:
    process, judge = watched
    worker, began = threading.get_native_id(), process.began
    wait = Segment(began, "call", "clock_nanosleep")  # halfway between two looks
    process.threads[worker].open, process.threads[worker].found = wait, began + 20
    process.notes.take(Record(began, Kind.ASKED, worker, 1, POOL, 0, 0, 4))
    process.notes.take(Record(began + 10, Kind.STARTED, worker, 1, POOL, 0, 0, 4))
    assert [(each.kind, each.start, each.end) for each in judge.stretches] == [("running", began, began + 10)]
    assert process.threads[worker].open is wait
    assert wait.start == began + 10


def test_what_follows_a_note_does_not_begin_before_it(watched: tuple[WatchedProcess, Heard]) -> None:
    process, judge = watched
    worker, began = threading.get_native_id(), process.began
    thread = process.threads[worker]
    thread.open = Segment(began, "call", "futex")
    time.sleep(0.02)  # nobody looks meanwhile
    process.notes.take(Record(began, Kind.ASKED, worker, 1, POOL, 0, 0, 4))
    process.notes.take(Record(time.monotonic_ns(), Kind.STARTED, worker, 1, POOL, 0, 0, 4))
    for _ in range(2):
        process.visit(thread, time.monotonic_ns())
    process.close(time.monotonic_ns())
    assert len(judge.stretches) >= 2
    assert all(before.end <= after.start for before, after in itertools.pairwise(judge.stretches))
