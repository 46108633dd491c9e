"""Watches a process and its children from outside, about a thousand times a second, and hands on what it saw.

Which threads are looked at is `schedule`'s matter, and what is seen of one `looks`'s. The agent's notes (which loops
run, whose work a worker does) are read from the ring in between, and it is asked to ping a loop that was not seen to
come round.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.observe.judge.judge import Judge
from compare.observe.sampler import present, without_proc
from compare.observe.sampler.agents import Search
from compare.observe.sampler.between_looks import closed
from compare.observe.sampler.entering import LOST, Entering
from compare.observe.sampler.failures import Failures
from compare.observe.sampler.probe import Probe
from compare.observe.sampler.schedule import Frugal
from compare.observe.sampler.watched_process import LISTING_NS, WatchedProcess
from compare.results import News, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from compare.observe.agent.record import Record
    from compare.observe.interpreter.layout import Layout
    from compare.observe.judge.stalls import Stalls
    from compare.observe.sampler.agents import Agent
    from compare.observe.sampler.notes_read import Standing
    from compare.results import Observation

CHILDREN_NS = 25_000_000
"""How often children are looked for."""
BECOMES_NS = 200_000_000
"""How long a process that was forked may take to begin with another program; an agent is in it only after that."""
MOST_NAMED = 3
UNTOLD = "where a turn of a loop that is none of asyncio's ends: what held it may have been several turns"
SILENT_NS = 50_000_000
"""A Python that is there for longer is told of, if there is no agent in it."""

READING_NS = 50_000_000
"""For how long notes are read at most before threads are looked at again."""


class Sampler:
    """Watches one program at a time.

    `layout` is `None` where Python stacks can't be read; `agent` where there is none in the program.
    """

    def __init__(  # noqa: PLR0913  what a watch is made of
        self,
        pid: int,
        layout: Layout | None,
        agent: Agent | None,
        *,
        threshold_ns: int,
        plain_threads: bool,
        imports: bool = True,
        share: float | None = None,
        stalls: Stalls | None = None,
        keep_ns: int | None = None,
        enters: bool = False,
        apart: Sequence[int] = (),
        earlier: Standing | None = None,
    ) -> None:
        """Begin to watch; `stalls` hears of each; `keep_ns` is the judge's; `earlier` is where a watch before ended.

        `enters`: where there is no agent, one is let into each process that takes one. What is `apart` is not watched.

        `share` of a processor may be used, as far as the threshold allows: `None` is any.
        """
        now = time.monotonic_ns()
        self.pid, self._layout, self._agent = pid, layout, agent
        self._began, self._threshold = now, threshold_ns
        self._processes: dict[int, WatchedProcess] = {}
        self.probe = Probe(self._processes)
        self.judge = Judge(
            pid,
            now,
            self.probe,
            threshold_ns=threshold_ns,
            plain_threads=plain_threads,
            imports=imports,
            stalls=stalls,
            keep_ns=keep_ns,
        )
        self.failures = Failures()
        self.frugal = Frugal(threshold_ns, share) if share is not None else Frugal(threshold_ns)
        self._process = WatchedProcess(pid, layout, self.judge, now, self.failures, self.frugal)
        self._pings: without_proc.Pings | None = None
        if (why := without_proc.reason(pid)) is not None:
            self._pings = without_proc.Pings(pid, self.judge, agent.ask if agent is not None else lambda _: None)
            self.judge.miss(why)
        self._processes[pid] = self._process
        self._heard: set[int] = set()
        self._entering = Entering(pid, self._heard) if enters and agent is None else None
        self._searches: dict[int, Search] = {}
        """Of each process that no agent has been found in."""
        self._silent: list[int] = []
        """Those that ended, and were there for a while, without one."""
        if agent is not None:
            self._heard.add(agent.inode)
            self._process.hear(agent, now, pings=self._pings, window=self._note_window)
        elif not enters:
            self.judge.miss(f"{LOST}: it was not started by us")
        self._tended = 0
        self._others = set(apart)
        self._births: dict[int, int] = {}
        """When each child was seen first that is no Python of ours yet."""
        self._unnumbered: set[int] = set()
        """Children of which it is not known yet whether they run the program's own code."""
        self._guarded(self._process.notes.take_earlier, earlier, time.monotonic_ns() + READING_NS)

    @property
    def looks_from_outside(self) -> bool:
        """Whether more can be seen than the agent alone tells."""
        return self._pings is None

    def tick(self) -> bool:
        """Look at everything once; returns whether the program is still there."""
        for process in list(self._processes.values()):
            self._guarded(self._read_notes, process)
            now = time.monotonic_ns()  # to read may take long
            self._guarded(self._look_at, process, now)
            self._guarded(process.loop_pings.tick, now)
        now = time.monotonic_ns()
        if self._pings is not None:
            self._guarded(self._pings.tick, now, self._process.notes.loops)
        self._guarded(self._tend, now)
        return (
            bool(self._process.threads) or now - self._began < 2 * LISTING_NS or Path(f"/proc/{self.pid}/task").exists()
        )

    def _guarded(self, do: Callable[..., object], *arguments: Any) -> None:
        """Whatever fails here is dropped and counted: the watched program's life is not tied to our mistakes."""
        try:
            do(*arguments)
        except Exception as error:  # noqa: BLE001  see above
            self.failures.note(error)

    def _look_at(self, process: WatchedProcess, now: int) -> None:
        process.attach(now)
        self._find_agent(process, now)
        process.list_threads(now)
        process.place_loops()
        for thread in process.schedule.due(now):
            try:
                process.visit(thread, time.monotonic_ns())
            except Exception as error:  # noqa: BLE001  this look is dropped, and the next begins anew
                self.failures.note(error)
                thread.open, thread.raw = None, b""
        if not process.threads and process is not self._process and now - process.began > LISTING_NS:
            del self._processes[process.pid]
            self._end(process, now)

    def so_far(self) -> Observation:
        """Say what has been found until now; the watch goes on."""
        now = time.monotonic_ns()
        seen = self.judge.so_far(now)
        return replace(seen, missing=(*self._not_entered(now), *seen.missing))

    def news(self) -> News:
        """Say what is new since it was asked last, and how it is now."""
        now, processes = time.monotonic_ns(), list(self._processes.values())
        stalls, turns, unheard = self.judge.fresh()
        tasks = present.tasks(processes, now)
        return News(
            at_ms=(now - self._began) / 1e6,
            stalls=stalls,
            turns=turns,
            loops=tuple(present.loops(processes, self.judge, now, self._pings)),
            queues=tuple(present.queues(processes, now)),
            threads=sum(len(process.threads) for process in processes),
            tasks=tasks,
            unheard=unheard,
            missing=(*self._not_entered(now), *self.judge.missing, *self._declined(), *present.uncounted(processes)),
        )

    def recorded(self) -> Observation:
        """Say what was seen in the time that is kept; the watch goes on."""
        now, processes = time.monotonic_ns(), list(self._processes.values())
        going = [
            (process.pid, thread.tid, closed(replace(thread.open), now))
            for process in processes
            for thread in process.threads.values()
            if thread.open is not None
        ]
        seen = self.judge.recorded(now, going)
        return replace(seen, missing=(*self._not_entered(now), *seen.missing, *self._declined()))

    def _declined(self) -> Iterator[str]:
        return (each for process in self._processes.values() for each in process.notes.missing())

    def _not_entered(self, now: int) -> Iterator[str]:
        return self._entering.missing(now) if self._entering is not None else iter(())

    def finish(self) -> Observation:
        """Stop, and say what was seen."""
        now = time.monotonic_ns()
        for process in self._processes.values():
            if process.stacks.unreadable is not None and process is self._process:
                self.judge.miss(f"no Python lines: {process.stacks.unreadable}")
            self._guarded(self._end, process, now)
        for sentence in self._not_entered(now):
            self.judge.miss(sentence)
        if (failed := self.failures.sentence()) is not None:
            self.judge.miss(failed)
        if self._silent:
            self.judge.miss(_without_agent(self._silent))
        seen = self.judge.finish(now)
        imported = self.judge.imported_ns()
        if not imported or imported < self._threshold:
            return seen
        return replace(seen, missing=(*seen.missing, _left_out(imported)))

    def standing(self) -> Standing:
        """How things stand with the program's notes, for the next watch of it."""
        return self._process.notes.standing()

    def _end(self, process: WatchedProcess, now: int) -> None:
        """Tell what there is to tell of a process that is watched no longer."""
        self._read_notes(process)
        self._unnumbered.discard(process.pid)
        search = self._searches.pop(process.pid, None)
        is_silent = search is not None and process.stacks.reader is not None and now - process.began > SILENT_NS
        if is_silent and process.wants_agent:
            self._silent.append(process.pid)
        if process.agent is None and process.stacks.turns_are_untold:
            self.judge.miss(UNTOLD)
        process.close(now)
        for work in process.notes.queue.values():
            self.judge.waited(process.pid, work, now)
        for sentence in process.notes.missing():
            self.judge.miss(sentence)
        if self._entering is not None:
            self._entering.leave(process.pid, now)
        if process.agent is not None and process.agent is not self._agent:
            process.agent.close()

    def _find_agent(self, process: WatchedProcess, now: int) -> None:
        if process.agent is not None:
            return
        if self._entering is not None:
            agent = self._entering.look(process, now)
        else:
            search = self._searches.get(process.pid)
            agent = search.look(now) if search is not None else None
        if agent is not None:
            self._searches.pop(process.pid, None)
            self._heard.add(agent.inode)
            process.hear(agent, self._began, comes_late=self._entering is not None)
            self._read_notes(process)

    def _read_notes(self, process: WatchedProcess) -> None:
        """Read what has been noted, and what comes meanwhile: a look goes by notes that are not older than itself.

        A program that notes faster than we read is looked at all the same, now and then.
        """
        notes, until = process.notes, time.monotonic_ns() + READING_NS
        for record in notes.read():
            try:
                notes.take(record)
            except Exception as error:  # noqa: BLE001  one note less
                self.failures.note(error)
            if record.time_ns > until:
                break

    def _note_window(self, record: Record) -> None:
        """Windows are noted where a process watches itself."""

    def _tend(self, now: int) -> None:
        """What need not be done in every tick."""
        is_due, began = now - self._tended >= CHILDREN_NS, time.thread_time_ns()
        if is_due:
            self._tended = now
        for process in list(self._processes.values()):
            if is_due:
                process.watch_stops(now)
                if process.pid in self._unnumbered:
                    self._number(process, now)
            if is_due or process.has_forked:
                process.has_forked = False
                self._find_children(process, now)
        if is_due:  # each of a thousand threads is asked for its children
            self._tended += self.frugal.rest * (time.thread_time_ns() - began)

    def _find_children(self, process: WatchedProcess, now: int) -> None:
        for child in process.kernel.children():
            if child not in self._processes and child not in self._others and child != os.getpid():
                self._adopt(child, now)
                if child in self._processes:
                    self._processes[child].stacks.inherited = process.stacks.inherited | process.stacks.turns

    def _number(self, process: WatchedProcess, now: int) -> None:
        if process.agent is not None or now - process.began > BECOMES_NS:
            self._unnumbered.discard(process.pid)
            if process.kernel.is_worker():
                self.judge.worker_process(process.pid)

    def _adopt(self, pid: int, now: int) -> None:
        process = WatchedProcess(pid, self._layout, self.judge, now, self.failures, self.frugal)
        if process.stacks.reader is None and self._layout is not None:
            if now - self._births.setdefault(pid, now) > BECOMES_NS:  # it has not become a Python of ours by now
                self._others.add(pid)
                self._name_other_python(process)
            process.close(now)
            return
        self.judge.child(pid, process.kernel.name())
        self._unnumbered.add(pid)
        self._processes[pid] = process
        if self._agent is not None:
            self._searches[pid] = Search(pid, self._heard, now)

    def _name_other_python(self, process: WatchedProcess) -> None:
        """A child that is no Python is a program of its own; one that is may have loops, which nobody sees."""
        executable = process.kernel.executable()
        if os.path.basename(executable).startswith("python"):  # noqa: PTH119  no Path object in the sampler's path
            self.judge.miss(f"what children do that run {executable}: another Python than the program's")


def _left_out(imported_ns: int) -> str:
    took = milliseconds(imported_ns / 1e6)
    return f"what a loop did while it imported modules, {took} in all: --imports counts that"


def _without_agent(pids: Sequence[int]) -> str:
    first = ", ".join(map(str, pids[:MOST_NAMED])) + (", …" if len(pids) > MOST_NAMED else "")
    which = f"process {first}" if len(pids) == 1 else f"{len(pids)} Python processes ({first})"
    return f"{LOST} in {which}: no agent got into what it starts so"
