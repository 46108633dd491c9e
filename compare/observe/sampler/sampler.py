"""Watches a process and its children from outside, about a thousand times a second, and hands on what it saw.

Which threads are looked at is `schedule`'s matter, and what is seen of one `looks`'s. The agent's notes (which loops
run, whose work a worker does) are read from the ring in between, and it is asked to ping a loop that was not seen to
come round.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.observe.judge.judge import Judge
from compare.observe.sampler import present, without_proc
from compare.observe.sampler.failures import Failures
from compare.observe.sampler.loop_pings import LoopPings
from compare.observe.sampler.notes_read import NotesRead
from compare.observe.sampler.probe import Probe
from compare.observe.sampler.schedule import Frugal
from compare.observe.sampler.watched_process import LISTING_NS, WatchedProcess
from compare.results import News

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.agent.channel import Ring
    from compare.observe.agent.record import Record
    from compare.observe.interpreter.layout import Layout
    from compare.observe.judge.stalls import Stalls
    from compare.results import Observation

CHILDREN_NS = 25_000_000
"""How often children are looked for."""


class Sampler:
    """Watches one program at a time.

    `layout` is `None` where Python stacks can't be read; `ring` and `ping` where no agent is in the program.
    """

    def __init__(  # noqa: PLR0913  what a watch is made of
        self,
        pid: int,
        layout: Layout | None,
        ring: Ring | None,
        ask: Callable[[int], None],
        *,
        threshold_ns: int,
        plain_threads: bool,
        imports: bool = True,
        share: float | None = None,
        stalls: Stalls | None = None,
    ) -> None:
        """Begin to watch; `stalls` hears of each.

        `share` of a processor may be used, as far as the threshold allows: `None` is any.
        """
        now = time.monotonic_ns()
        self.pid, self._layout, self._ring, self._ask = pid, layout, ring, ask
        self._began = now
        self._processes: dict[int, WatchedProcess] = {}
        self.probe = Probe(self._processes)
        self.judge = Judge(
            pid, now, self.probe, threshold_ns=threshold_ns, plain_threads=plain_threads, imports=imports, stalls=stalls
        )
        self._failures = Failures()
        self.frugal = Frugal(threshold_ns, share) if share is not None else Frugal(threshold_ns)
        self._process = WatchedProcess(pid, layout, self.judge, now, self._failures, self.frugal)
        self._process.stacks.agent = ring is not None
        self._pings: without_proc.Pings | None = None
        if (why := without_proc.reason(pid)) is not None:
            self._pings = without_proc.Pings(self.judge, ask)
            self.judge.miss(why)
        self._processes[pid] = self._process
        self._notes = NotesRead(ring, self._process, now, pings=self._pings, window=self._note_window)
        self._tended = 0
        self._others: set[int] = set()
        self._births: dict[int, int] = {}
        """When each child was seen first that is no Python of ours yet."""
        self._loop_pings = LoopPings(self._process, self._notes, ask, now)
        if ring is None:
            self.judge.miss("threads' names, lines for a pool, and uvloop's turns: it was not started by us")
        self._guarded(lambda: self._read_ring(early=True))  # from before the window: loops that run, work that waits

    def tick(self) -> bool:
        """Look at everything once; returns whether the program is still there."""
        now = time.monotonic_ns()
        self._guarded(self._read_ring)
        for process in list(self._processes.values()):
            self._guarded(self._look_at, process, now)
        if self._pings is not None:
            self._guarded(self._pings.tick, now, self._notes.loops)
        self._guarded(self._loop_pings.tick, now)
        self._guarded(self._tend, now)
        return (
            bool(self._process.threads) or now - self._began < 2 * LISTING_NS or Path(f"/proc/{self.pid}/task").exists()
        )

    def _guarded(self, do: Callable[..., object], *arguments: Any) -> None:
        """Whatever fails here is dropped and counted: the watched program's life is not tied to our mistakes."""
        try:
            do(*arguments)
        except Exception as error:  # noqa: BLE001  see above
            self._failures.note(error)

    def _look_at(self, process: WatchedProcess, now: int) -> None:
        process.attach(now)
        process.list_threads(now, self._notes.hidden)
        if self._notes.loops and process is self._process:
            self._place_loops(process)
        for thread in process.schedule.due(now):
            try:
                process.visit(thread, now)
            except Exception as error:  # noqa: BLE001  this look is dropped, and the next begins anew
                self._failures.note(error)
                thread.open, thread.raw = None, b""
        if not process.threads and process is not self._process and now - process.began > LISTING_NS:
            del self._processes[process.pid]
            process.close(now)

    def so_far(self) -> Observation:
        """Say what has been found until now; the watch goes on."""
        return self.judge.so_far(time.monotonic_ns())

    def news(self) -> News:
        """Say what is new since it was asked last, and how it is now."""
        now, processes = time.monotonic_ns(), list(self._processes.values())
        stalls, turns, unheard = self.judge.fresh()
        return News(
            at_ms=(now - self._began) / 1e6,
            stalls=stalls,
            turns=turns,
            loops=tuple(present.loops(processes, self.judge, now)),
            queues=tuple(present.queues(self.pid, self._notes.queue.values(), now)),
            threads=sum(len(process.threads) for process in processes),
            unheard=unheard,
            missing=(*self.judge.missing, *self._notes.missing()),
        )

    def finish(self) -> Observation:
        """Stop, and say what was seen."""
        self._guarded(self._read_ring)
        now = time.monotonic_ns()
        for process in self._processes.values():
            if process.stacks.unreadable is not None and process is self._process:
                self.judge.miss(f"no Python lines: {process.stacks.unreadable}")
            self._guarded(process.close, now)
        self._notes.close()
        for work in self._notes.queue.values():
            self.judge.waited(self.pid, work, now)
        if (failed := self._failures.sentence()) is not None:
            self.judge.miss(failed)
        for sentence in self._notes.missing():
            self.judge.miss(sentence)
        return self.judge.finish(now)

    def _read_ring(self, *, early: bool = False) -> None:
        for record in self._notes.read():
            try:
                self._notes.take(record, early=early)
            except Exception as error:  # noqa: BLE001  one note less
                self._failures.note(error)

    def _note_window(self, record: Record) -> None:
        """Windows are noted where a process watches itself."""

    def _place_loops(self, process: WatchedProcess) -> None:
        for tid, loop in self._notes.loops.items():
            if (thread := process.threads.get(tid)) is not None and thread.loop != loop:
                thread.loop, thread.pinged = loop, False

    def _tend(self, now: int) -> None:
        """What need not be done in every tick."""
        if now - self._tended < CHILDREN_NS:
            return
        self._tended, began = now, time.thread_time_ns()
        for process in list(self._processes.values()):
            process.watch_stops(now)
            for child in process.kernel.children():
                if child not in self._processes and child not in self._others and child != os.getpid():
                    self._adopt(child, now)
                    if child in self._processes:
                        self._processes[child].stacks.inherited = process.stacks.inherited | process.stacks.turns
        # Each of a thousand threads is asked for its children.
        self._tended += self.frugal.rest * (time.thread_time_ns() - began)

    def _adopt(self, pid: int, now: int) -> None:
        process = WatchedProcess(pid, self._layout, self.judge, now, self._failures, self.frugal)
        if process.stacks.reader is None and self._layout is not None:
            if now - self._births.setdefault(pid, now) > 200_000_000:  # it has not become a Python of ours by now
                self._others.add(pid)
                self._name_other_python(process)
            process.close(now)
            return
        self.judge.child(pid, process.kernel.name())
        self._processes[pid] = process

    def _name_other_python(self, process: WatchedProcess) -> None:
        """A child that is no Python is a program of its own; one that is may have loops, which nobody sees."""
        executable = process.kernel.executable()
        if os.path.basename(executable).startswith("python"):  # noqa: PTH119  no Path object in the sampler's path
            self.judge.miss(f"what children do that run {executable}: another Python than the program's")
