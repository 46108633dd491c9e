"""One process of those that are watched: the program itself, or one that it started; and its threads."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from compare.observe.judge.segments import Segment
from compare.observe.kernel.descriptors import Targets
from compare.observe.kernel.processes import Process
from compare.observe.kernel.threads import ThreadFiles
from compare.observe.sampler.between_looks import closed
from compare.observe.sampler.looks import Looks
from compare.observe.sampler.loop_pings import LoopPings
from compare.observe.sampler.notes_read import NotesRead
from compare.observe.sampler.python_stacks import PythonStacks
from compare.observe.sampler.schedule import MOST_A_TICK, Schedule
from compare.observe.sampler.watched_thread import WatchedThread

if TYPE_CHECKING:
    from compare.observe.interpreter.layout import Layout
    from compare.observe.interpreter.views import View
    from compare.observe.judge.judge import Judge
    from compare.observe.judge.segments import Work
    from compare.observe.sampler.agents import Agent
    from compare.observe.sampler.failures import Failures
    from compare.observe.sampler.schedule import Frugal

LISTING_NS = 5_000_000
"""How often the list of threads is read."""
NAMED_NS = 50_000_000
"""How often threads are counted while the Python states of all are known."""
STREAMS_NS = 100_000_000
"""How often it is asked what sockets and pipes there are."""
LET_IN_NS = 300_000_000
"""How long it takes until a thread of the agent's is known as that."""
YOUNG_NS = 1_000_000_000
"""For how long a thread may have no Python state yet."""
NAMING_RESTS = 10
"""How many times as long as it took to find threads' Python states it is not done again, where they are few: until it
is done nothing of them can be read, so no budget puts it off."""


def _is_young(pid: int) -> bool:
    try:
        with contextlib.closing(ThreadFiles(pid, pid)) as files:
            return files.stat().age_ns() < YOUNG_NS
    except OSError:
        return False


class WatchedProcess:
    """Follows a process's threads, from their begin to their end."""

    def __init__(  # noqa: PLR0913, PLR0917  what a watch is made of
        self, pid: int, layout: Layout | None, judge: Judge, now: int, failed: Failures, frugal: Frugal
    ) -> None:
        """Watch a process from now on."""
        self.pid = pid
        self.kernel, self.targets = Process(pid), Targets(pid)
        self.started_with = self.kernel.pipes() if _is_young(pid) else frozenset()
        """Pipes that somebody else made, a shell or a job server: it need not know of them."""
        self.judge = judge
        self.threads: dict[int, WatchedThread] = {}
        self.work: dict[int, Work] = {}
        self.began = now
        self.stacks = PythonStacks(pid, layout, now, failed, self.runs_a_loop)
        self.schedule = Schedule(self.threads, self.runs_a_loop, frugal)
        looks = Looks(self)
        self.visit, self.cut = looks.visit, looks.cut
        self._listed = self._named = 0
        self._rest, self._frugal = frugal.rest, frugal
        self._stopped: int | None = None
        self._streams: frozenset[int] = frozenset()
        """The descriptors of its sockets and pipes, and of what it polls them by."""
        self._streams_listed = now - STREAMS_NS
        self.agent: Agent | None = None
        self.notes = NotesRead(None, self, now)
        self.loop_pings = LoopPings(self, self.notes, lambda _: None)
        self.lets_in = False
        """Whether an agent is about to come into it."""
        self._fresh: dict[int, int] = {}
        """Threads that began meanwhile, and when each was seen first."""
        self.has_forked = False
        """Whether it has noted so since its children were looked for."""
        self.wants_agent = False
        """Whether it had several threads, or polled: else there is nothing in it that only an agent can tell."""

    def hear(self, agent: Agent, began: int, *, comes_late: bool = False, **how: Any) -> None:
        """An agent is in it, which is listened to from now on; the rest is as `NotesRead` has it.

        One that comes late hears of a loop only when that comes round: until then its frames tell of it, as before.
        """
        self.agent, self.stacks.agent = agent, not comes_late
        self.notes = NotesRead(agent.ring, self, began, **how)
        self.loop_pings = LoopPings(self, self.notes, agent.ask)

    def runs_a_loop(self, thread: WatchedThread) -> bool:
        """Whether an event loop turns in a thread, as far as is known."""
        return thread.loop is not None or self.judge.is_loop(self.pid, thread.tid)

    def asks_stream(self, thread: WatchedThread, view: View, now: int) -> bool:
        """Whether a thread in which no loop runs is at work on a socket or a pipe."""
        if view.loop or self.runs_a_loop(thread):
            return False
        if now - self._streams_listed > STREAMS_NS:
            self._streams, self._streams_listed = self.kernel.stream_numbers(self.started_with), now
        return bool(self._streams) and self.stacks.has_at_hand(view, self._streams)

    def attach(self, now: int) -> None:
        """Find the interpreter, if it has to be found."""
        if self.stacks.attach(now):
            for thread in self.threads.values():
                thread.python = 0

    def place_loops(self) -> None:
        """Tell the threads which loops run in them."""
        for tid, loop in self.notes.loops.items():
            if (thread := self.threads.get(tid)) is not None and thread.loop != loop:
                thread.loop, thread.pinged, thread.below = loop, False, ()
                thread.poller = self.notes.pollers.get(tid)  # that of the loop before is no more

    def list_threads(self, now: int) -> bool:
        """Follow new threads; returns whether there were any."""
        fresh = now - self._listed >= max(LISTING_NS, self._frugal.others_ns) and self._follow_new(now)
        if fresh or now >= self._named:
            self._name_states(now)
        return fresh

    def _follow_new(self, now: int) -> bool:
        self._listed, began = now, time.thread_time_ns()
        fresh = [tid for tid in self.kernel.tids() if tid not in self.threads and tid not in self.notes.hidden]
        if self.lets_in:  # one of them may be the agent's
            fresh = [tid for tid in fresh if now - self._fresh.setdefault(tid, now) > LET_IN_NS]
        elif self._fresh:
            self._fresh.clear()
        for tid in fresh:
            with contextlib.suppress(OSError):
                self.threads[tid] = WatchedThread(self.pid, tid, now)
        self.wants_agent = self.wants_agent or len(self.threads) > 1
        self._listed += self._rest * (time.thread_time_ns() - began)  # a thousand threads take their time
        return bool(fresh)

    def _name_states(self, now: int) -> None:
        """A thread's state knows the thread only once it has begun to run, so young ones are asked for again."""
        nameless = any(not thread.python and now - thread.born < YOUNG_NS for thread in self.threads.values())
        nameless = nameless or not any(thread.python for thread in self.threads.values())
        began = time.thread_time_ns()
        if self.stacks.reader is not None and nameless:
            self.stacks.name_states(self.threads)
        self.judge.most_threads(
            sum(bool(thread.python) or thread.tid == self.pid for thread in self.threads.values())
            if self.stacks.reader
            else len(self.threads)
        )
        rests = NAMING_RESTS if len(self.threads) <= MOST_A_TICK else self._rest
        self._named = now + max(LISTING_NS if nameless else NAMED_NS, rests * (time.thread_time_ns() - began))

    def watch_stops(self, now: int) -> None:
        """Note from when to when a signal had it stopped."""
        if self.kernel.is_stopped():
            self._stopped = self._stopped or now
        elif self._stopped is not None:
            self.judge.stopped(self.pid, self._stopped, now)
            self._stopped = None

    def end(self, thread: WatchedThread, now: int) -> None:
        """A thread has ended."""
        if thread.open is not None:
            self.judge.segment(self.pid, thread.tid, closed(thread.open, (thread.seen + now) // 2))
            self.judge.unseen(self.pid, thread.tid, closed(Segment(thread.seen, "running"), now))
            thread.open = None
        self.judge.thread_ends(self.pid, thread.tid, now)

    def drop(self, thread: WatchedThread, now: int) -> None:
        """A thread has ended, and the kernel has forgotten it."""
        self.end(thread, now)
        thread.files.close()
        self.threads.pop(thread.tid, None)

    def close(self, now: int) -> None:
        """Stop watching; the agent is whose it was."""
        self.notes.close()
        if self._stopped is not None:
            self.judge.stopped(self.pid, self._stopped, now)
        for thread in list(self.threads.values()):
            if thread.open is not None:
                self.judge.segment(self.pid, thread.tid, closed(thread.open, now))
            thread.files.close()
        self.threads.clear()
        self.stacks.close()
