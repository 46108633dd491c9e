"""What the agent noted, read from the ring: which loops run, whose work a worker does, which pings came back.

The notes are told to the judge, and to the process's own threads: a note in a thread's name says that it ran just then.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.observe.agent.channel import Kind
from compare.observe.interpreter import lines
from compare.observe.judge.segments import Delivered, Work
from compare.observe.kernel import threads as kernel_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compare.observe.agent.channel import Ring
    from compare.observe.agent.record import Record
    from compare.observe.interpreter.code_objects import Code
    from compare.observe.judge.judge import Judge
    from compare.observe.sampler.watched_process import WatchedProcess
    from compare.observe.sampler.watched_thread import WatchedThread
    from compare.observe.sampler.without_proc import Pings
    from compare.results import Site

BRIEF_NS = 500_000
"""While a worker runs, pieces of work that are shorter are not told apart in its time: a look comes every millisecond,
and a line that is read through a thread makes thirty of them meanwhile. Each is still counted as work."""

IN_LINE = Kind.ASKED, Kind.IN_LINE, Kind.FOR_PROCESS
OF_WORK = *IN_LINE, Kind.STARTED, Kind.ENDED, Kind.ADMITTED, Kind.WITHDRAWN, Kind.DONE
"""Those that come by the ten thousand come first: a kind is compared with each, which is quicker than its hash."""
MOST_SITES = 4096
"""Of so many lines that ask for work it is kept what they are told as."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stood with a process's notes when a watch of it ended; `NotesRead` says what each is."""

    position: int
    """Up to which record the ring was read."""
    hidden: set[int]
    loops: dict[int, tuple[int, int, int]]
    pollers: dict[int, tuple[int, int]]
    names: dict[int, str]
    work: dict[int, Work]
    """What was in line, or under way, by the request's number."""
    load: Counter[int]
    not_seen: dict[str, None]


class NotesRead:
    """One agent's notes, as far as they have been read.

    Attributes:
        hidden: the agent's own threads.
        agent: the one that answers now; `None` before it said so.
        loops: of each thread in which a loop runs: the loop's id, its family, the depth of the stack below it.
        pollers: of those whose loop said so: the loop's id, and the descriptor that it polls by.
        queue: what stands in line, by the request's number.
        names: the threads' names.
    """

    def __init__(
        self,
        ring: Ring | None,
        process: WatchedProcess,
        began: int,
        *,
        pings: Pings | None = None,
        window: Callable[[Record], None] = lambda _: None,
    ) -> None:
        """Read nothing yet.

        Args:
            ring: where the notes are; `None` where no agent is in the program.
            process: the process that they are about, and its judge.
            began: what waits since before this moment, counts from here; in nanoseconds.
            pings: who takes pings where threads can't be looked at.
            window: takes what is noted of windows.
        """
        self._ring, self._process, self._began = ring, process, began
        self._pings, self._window = pings, window
        self.hidden: set[int] = set()
        self.agent: kernel_threads.ThreadFiles | None = None
        self.loops: dict[int, tuple[int, int, int]] = {}
        self.pollers: dict[int, tuple[int, int]] = {}
        self.queue: dict[int, Work] = {}
        self.names: dict[int, str] = {}
        self._not_seen: dict[str, None] = {}
        self._failed: dict[int, tuple[int, str]] = {}
        """Of each kind of note that failed in the agent: how often, and what the first time."""
        self._sites: dict[tuple[int, int], tuple[Code, Site]] = {}
        """By a code object's address and a line."""
        self._doing: dict[int, Work] = {}
        self._apart: dict[int, int] = {}
        """When a pool's processes began with what is not done yet, by the request's number."""
        self._load: Counter[int] = Counter()
        """How much work each pool has, begun or not."""
        self._lost = 0
        """How many notes were lost, as far as that was reckoned with."""

    @property
    def _judge(self) -> Judge:
        return self._process.judge

    def read(self) -> Iterator[Record]:
        """Yield what has been noted since the last time."""
        if self._ring is None:
            return
        for record in self._ring.read():
            if self._ring.lost != self._lost:
                self._lost = self._ring.lost
                self._forget_work()
            yield record

    def standing(self) -> Standing:
        """How things stand, for the next watch of this process."""
        position = self._ring.position if self._ring is not None else 0
        work = {**self.queue, **self._doing}
        return Standing(position, self.hidden, self.loops, self.pollers, self.names, work, self._load, self._not_seen)

    def take_earlier(self, earlier: Standing | None, until: int) -> None:
        """Take what was noted before the watch began and still holds: loops that run, work that is not done yet.

        Args:
            earlier: how things stood when a watch before this one ended.
            until: what is noted later, as all this is read, waits for the first look; in nanoseconds.
        """
        if earlier is not None and self._ring is not None:
            self._ring.go_on_from(earlier.position)
            self._go_on(earlier)
        records = []
        for record in self.read():
            records.append(record)
            if record.time_ns > until:
                break
        over = {record.first for record in records if record.kind is Kind.ENDED or record.kind is Kind.WITHDRAWN}
        for record in records:
            if record.kind not in OF_WORK or record.first not in over:
                self.take(record, early=True)

    def _go_on(self, earlier: Standing) -> None:
        self.pollers, self._load, self._not_seen = earlier.pollers, earlier.load, earlier.not_seen
        for tid in earlier.hidden:
            self._agent_ready(tid)
        for tid, loop in earlier.loops.items():
            self.loops[tid] = loop
            self._judge.loop_runs(self._process.pid, tid, self._began)
        self.names = earlier.names
        self._judge.names(self._process.pid, earlier.names)
        for request, work in earlier.work.items():
            work.asked = max(work.asked, self._began)
            if work.started is None:
                self.queue[request] = work
            else:
                self._doing[request] = self._process.work[work.tid] = work

    def take(self, record: Record, *, early: bool = False) -> None:
        """Take one note; `early`: it is from before the watch began."""
        if record.kind in OF_WORK:  # most are
            self._of_work(record, early=early)
            return
        match record.kind:
            case Kind.READY:
                self._agent_ready(record.tid)
            case Kind.LOOP_RUNS:
                self._loop_runs(record)
            case Kind.LOOP_ENDS:
                self._loop_ends(record)
            case Kind.PONG | Kind.PINGED | Kind.STANDS:
                self._take_ping(record)
            case Kind.WINDOW_OPENS | Kind.WINDOW_DROPS:
                self._window(record)
            case Kind.THREAD_NAMED | Kind.NOT_SEEN | Kind.FAILED:
                self._said(record)
            case Kind.FORKED:
                self._process.has_forked = True
            case Kind.DELIVERED:
                self._delivered(record)

    def missing(self) -> Iterator[str]:
        """Yield what could not be seen, a sentence each."""
        yield from self._not_seen
        for count, first in self._failed.values():
            times = "once" if count == 1 else f"{count} times"
            yield f"all of what the agent should note: it failed {times} {first}"
        if self._ring is not None and self._ring.lost:
            yield f"{self._ring.lost:,} of the agent's notes: they came faster than they were read"

    def close(self) -> None:
        """Stop following the agent's thread."""
        if self.agent is not None:
            self.agent.close()
            self.agent = None

    def _agent_ready(self, tid: int) -> None:
        process = self._process
        self.hidden.add(tid)
        self._judge.hide(process.pid, tid)
        if (thread := process.threads.pop(tid, None)) is not None:
            thread.files.close()
        self.close()
        with contextlib.suppress(OSError):
            self.agent = kernel_threads.ThreadFiles(process.pid, tid)

    def _loop_runs(self, record: Record) -> None:
        self.loops[record.tid] = (record.first, record.code, record.amount)
        self.pollers.pop(record.tid, None)
        if record.second:
            self.pollers[record.tid] = record.first, record.second - 1
        at = max(record.time_ns, self._began)
        thread = self._process.threads.get(record.tid)
        if thread is not None and not self._process.stacks.agent:  # it came late, and hears of a loop that comes round
            self._process.cut(thread, at)
            self._judge.came_round(self._process.pid, record.tid, at)
        self._judge.loop_runs(self._process.pid, record.tid, at)

    def _loop_ends(self, record: Record) -> None:
        tid, process = record.tid, self._process
        if self.loops.get(tid, (0, 0, 0))[0] == record.first:
            del self.loops[tid]
            if (thread := process.threads.get(tid)) is not None:
                thread.loop = None
                process.cut(thread, record.time_ns)
            self._judge.loop_ends(process.pid, tid, record.time_ns)

    def _take_ping(self, record: Record) -> None:
        for tid, loop in self.loops.items():
            if loop[0] != record.second:
                continue
            if self._pings is not None and record.kind is Kind.STANDS:
                if (text := self._text(record)) is not None:
                    self._pings.stands(record, tid, text)
            elif self._pings is not None:
                self._pings.note(record, tid, loop[2])
            elif (thread := self._process.threads.get(tid)) is not None:
                self._ping_of(thread, record)

    def _ping_of(self, thread: WatchedThread, record: Record) -> None:
        pid = self._process.pid
        if record.kind is Kind.PINGED:
            thread.in_line = record.first, record.code
            if thread.ponged < record.first:
                self._judge.held_from(pid, thread.tid, record.time_ns)
            return
        thread.pinged, thread.turned, thread.ponged = False, record.time_ns, record.first
        number, had_run = thread.in_line
        ran = record.amount * 1000 if number == record.first and had_run else None
        self._process.cut(thread, record.time_ns, has_run=had_run + ran if ran is not None else None)
        self._judge.turned(pid, thread.tid, record.time_ns, gave_way=record.code, ran=ran)

    def _said(self, record: Record) -> None:
        text = self._text(record)
        if record.kind is Kind.FAILED:
            count, first = self._failed.get(record.first, (0, "noting something"))
            self._failed[record.first] = max(count, record.second), text or first
        elif text is None:  # it was written over before it was read
            return
        elif record.kind is Kind.NOT_SEEN:
            self._not_seen[text] = None
        else:
            self.names[record.first] = text
            self._judge.names(self._process.pid, {record.first: text})

    def _text(self, record: Record) -> str | None:
        """What it names; `None` where that has been written over."""
        return self._ring.text(record.amount) if self._ring is not None and record.amount else None

    # --- work -----------------------------------------------------------------------------------------------------

    def _forget_work(self) -> None:
        """Notes were lost before this one: of what is under way it is not known whether it still is."""
        for work in self._doing.values():
            self._process.work.pop(work.tid, None)
        self._doing.clear()
        self.queue.clear()
        self._apart.clear()
        self._load.clear()
        self._judge.lost_work()

    def _of_work(self, record: Record, *, early: bool) -> None:
        if record.kind in IN_LINE:
            self._asked(record)
        elif record.kind is Kind.DONE:
            if (began := self._apart.pop(record.first, None)) is not None:
                self._judge.done_apart(self._process.pid, began, record.time_ns)
        else:
            self._no_longer_in_line(record, early=early)

    def _asked(self, record: Record) -> None:
        work = Work(
            record.first, record.second, record.amount, self._site(record), max(record.time_ns, self._began)
        )  # fmt: skip
        work.asker = record.tid
        work.free = self._load[work.pool] < work.size
        if record.kind is not Kind.ASKED:
            work.free, work.of_processes = False, record.kind is Kind.FOR_PROCESS
        else:
            self._load[work.pool] += 1
            self._judge.asked(self._process.pid, work)
        self.queue[record.first] = work

    def _site(self, record: Record) -> Site | None:
        reader = self._process.stacks.reader
        code = reader.code(record.code) if reader is not None else None
        if code is None:
            return None
        place = record.code, record.line
        known = self._sites.get(place)
        if known is None or known[0] is not code:  # an address is used again
            if len(self._sites) >= MOST_SITES:
                self._sites.clear()
            known = self._sites[place] = code, lines.site_of(code, record.line, self._process.stacks.directory)
        return known[1]

    def _no_longer_in_line(self, record: Record, *, early: bool) -> None:
        if record.kind is not Kind.STARTED and self._load[record.second]:
            self._load[record.second] -= 1
        waiting = self.queue.pop(record.first, None)
        if record.kind is Kind.STARTED and waiting is not None:
            self._started(waiting, record, early=early)
        elif (record.kind is Kind.WITHDRAWN or record.kind is Kind.ADMITTED) and waiting is not None and not early:
            self._judge.waited(self._process.pid, waiting, record.time_ns)
            if waiting.of_processes and record.kind is Kind.ADMITTED:
                self._apart[record.first] = record.time_ns
        elif record.kind is Kind.ENDED:
            self._ended(record)

    def _delivered(self, record: Record) -> None:
        """A pool's own threads complete futures, too: what they do is noted as work."""
        thread = self._process.threads.get(record.tid)
        if thread is None or record.tid in self._process.work:
            return
        self._process.cut(thread, record.time_ns)
        made = record.first if record.amount & 1 else record.time_ns  # nobody waits for it, and it counts as work
        work = Delivered(made, record.time_ns, self._site(record), record.amount >> 1)
        self._judge.delivered(self._process.pid, record.tid, work)

    def _started(self, work: Work, record: Record, *, early: bool) -> None:
        work.started, work.tid = record.time_ns, record.tid
        self._doing[record.first] = work
        self._process.work[record.tid] = work
        if not early:
            self._judge.waited(self._process.pid, work, record.time_ns)
        self._renew(record.tid, record.time_ns)

    def _ended(self, record: Record) -> None:
        done, works = self._doing.pop(record.first, None), self._process.work
        if done is not None:
            self._judge.worked(self._process.pid, done, record.time_ns)
        if done is not None and works.get(done.tid) is done:
            del works[done.tid]
            self._renew(done.tid, record.time_ns)

    def _renew(self, tid: int, at: int) -> None:
        """A worker's wait is idle or not by whether it has work: end the one where the other begins."""
        thread = self._process.threads.get(tid)
        if thread is not None and (going := thread.open) is not None:
            if going.kind != "running" or at - going.start >= BRIEF_NS:
                self._process.cut(thread, at)
                going = thread.open or going
            going.work = self._process.work.get(tid)
            self._judge.is_worker(self._process.pid, tid)
