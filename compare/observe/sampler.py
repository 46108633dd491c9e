"""Watches a process and its children from outside, about a thousand times a second, and hands on what it saw.

Each visit to a thread reads what the kernel says of it; its Python stack is read when it waits somewhere new, and,
for a thread that runs a loop, while it computes. Threads that rest where they were are visited less often when there
are many. The agent's notes (which loops run, whose work a worker does) are read from the ring in between.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from compare.observe import blind, channel, proc, pystack, stacks, syscalls
from compare.observe.channel import Kind
from compare.observe.findings import Judge
from compare.observe.segments import Segment, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from compare.observe.channel import Record, Ring
    from compare.observe.stacks import View
    from compare.results import Observation

PERIOD_NS = 1_000_000
MOST_A_TICK = 60
"""How many threads are visited in every tick; of more than that, the ones that have run."""
LISTING_NS = 5_000_000
"""How often the list of threads is read."""
FAMILY_NS = 25_000_000
"""How often children are looked for."""
PING_AFTER_NS = 2_500_000
"""How long a loop has not been seen in its poller before it is pinged."""
NAMES_NS = 20_000_000
ASK_NAMES = 3
"""How often the names are asked for after a thread was seen first: it may not have its own yet."""
SWEEP_NS = 5_000_000
"""How often it is looked which of many threads have run."""
TIMES_BYTES = 128
AIM_NS = 3_000_000
"""After how long it is looked up what one of many threads waits for."""
SWITCH_NS = 5_000_000
"""CPython asks a thread that computes to let go of the GIL after 5 ms; one that keeps it longer is in C code."""
TRIO = 3
"""The family of trio's loops, in the agent's `LOOP_RUNS`."""
C_FRAME = 1 << 12
"""Where a socket with a timeout keeps what it polls: in the C function's frame; a poll object has it on the heap."""
YOUNG_NS = 1_000_000_000
ATTACH_NS = 2_000_000
MOST_FAILURES = 20
DOUBT_NS = 50_000_000
"""How long a code object that was read is taken to be there still."""
PIECE_NS = 50_000_000
"""The longest stretch of running that is handed on in one piece."""
STEADY_NS = 30_000_000
"""How long a thread without a loop runs before its stack is read while it runs."""


class Track:
    """One thread, as far as it has been followed."""

    __slots__ = ("below", "born", "contended", "files", "loop", "open", "pinged", "ponged", "python", "raw", "runs_since", "seen", "stat", "tid", "times", "turned")

    def __init__(self, pid: int, tid: int, now: int) -> None:
        self.tid = tid
        self.files = proc.ThreadFiles(pid, tid)
        self.raw = b""
        self.times = self.files.times()
        self.born = self.seen = now
        self.open: Segment | None = None
        self.python = 0
        self.loop: tuple[int, int, int] | None = None
        """Of the loop that runs in it: id, family, stack depth below."""
        self.pinged = False
        self.ponged = 0
        """The number of the last ping that came back: the note that it was sent may be written after that."""
        self.turned = now
        self.runs_since = now
        self.contended: tuple[tuple[tuple[int, int], ...], str | None] = (), None
        """Where it slept last, and for which file's lock."""
        self.stat: proc.Stat | None = None
        self.below: tuple[pystack.Frame, ...] = ()
        """The frame that makes its loop's turns, and those below: they stay while the loop runs."""


class Family:
    """One process of those that are watched: the program itself, or one that it started."""

    def __init__(self, pid: int, layout: pystack.Layout | None, judge: Judge, now: int) -> None:
        self.pid = pid
        self.process = proc.Process(pid)
        self.judge = judge
        self.tracks: dict[int, Track] = {}
        self.work: dict[int, Work] = {}
        self.reader: pystack.Reader | None = None
        self.unreadable: str | None = None
        self.directory = "/"
        self.gil: int | None = None
        self.agent = False
        """Whether an agent tells which loops run."""
        self.turns: set[int] = set()
        """The frames that were seen to make a loop's turns."""
        self.inherited: set[int] = set()
        """Those of the process that this one was forked from."""
        self._layout = layout
        self._listed = self._attached = self._doubted = 0
        self._failures = 0
        self._was_read = False
        self._stopped: int | None = None
        self.began = now
        self.swept = 0
        self.crowd = _Crowd()
        self.attach()

    def attach(self, now: int = 0) -> None:
        """(Again) find the interpreter: after the start, and after an `exec`."""
        if self.reader is not None and now - self._doubted > DOUBT_NS:
            self._doubted = now
            self.reader.doubt()
        if self._layout is None or (now and now - self._attached < ATTACH_NS):
            return
        if now and self.reader is not None and self._failures < MOST_FAILURES:
            return
        self._attached, self._failures = now or self.began, 0
        with contextlib.suppress(OSError):
            self.directory = os.readlink(f"/proc/{self.pid}/cwd")  # noqa: PTH115
        if self.reader is not None:
            self.reader.close()
            self.reader = None
        for track in self.tracks.values():
            track.python = 0
        try:
            self.reader = pystack.Reader(self.pid, self._layout)
            self.gil, self.unreadable = self.reader.gil(), None
            self._was_read = True
        except (pystack.Unreadable, OSError) as error:
            self.unreadable = None if self._was_read else str(error)

    def list_threads(self, now: int, skip: set[int]) -> bool:
        """Follow new threads; returns whether there were any."""
        if now - self._listed < LISTING_NS:
            return False
        self._listed = now
        fresh = [tid for tid in self.process.tids() if tid not in self.tracks and tid not in skip]
        for tid in fresh:
            with contextlib.suppress(OSError):
                self.tracks[tid] = Track(self.pid, tid, now)
        self.judge.most_threads(
            sum(bool(track.python) or track.tid == self.pid for track in self.tracks.values())
            if self.reader
            else len(self.tracks)
        )
        cost = time.monotonic_ns() - now
        self._listed += 10 * cost  # a thousand threads take their time
        self._name_states(now)
        return bool(fresh)

    def _name_states(self, now: int) -> None:
        """A thread's state knows the thread only once it has begun to run, so young ones are asked for again."""
        nameless = any(not track.python and now - track.born < YOUNG_NS for track in self.tracks.values())
        nameless = nameless or not any(track.python for track in self.tracks.values())
        if self.reader is None or not nameless:
            return
        known = 0
        with contextlib.suppress(OSError):
            for thread in self.reader.threads():
                if (track := self.tracks.get(thread.native_id)) is not None:
                    track.python = thread.state
                    known += 1
        if not known:  # what we read was the parent's, before the `exec`
            self._failures += MOST_FAILURES

    def watch_stops(self, now: int) -> None:
        """Note from when to when a signal had it stopped."""
        if self.process.is_stopped():
            self._stopped = self._stopped or now
        elif self._stopped is not None:
            self.judge.stopped(self.pid, self._stopped, now)
            self._stopped = None

    def visit(self, track: Track, now: int) -> None:
        """Look at one thread."""
        try:
            raw, times = track.files.call(), track.files.times()
        except OSError:
            self.drop(track, now)
            return
        if raw == proc.GONE:
            self.end(track, now)
            return
        segment = track.open
        middle = (track.seen + now) // 2
        if segment is not None:
            segment.cpu += times.run_ns - track.times.run_ns
            segment.delay += times.delay_ns - track.times.delay_ns
        woke = times.slices != track.times.slices
        track.times, before = times, track.raw
        track.raw = raw
        if segment is not None and raw == before and raw != proc.RUNNING:
            if segment.gil:
                self._see_holder(segment)
                track.seen = now
                return
            if not woke:
                self._look_again(track, segment)
                track.seen = now
                return
            top = self._top(track)
            if segment.view is not None and top == segment.view.top:
                segment.wakes += 1
                track.seen = now
                return
        fresh = self._segment(track, raw, middle if segment is not None else now)
        young = segment is not None and now - segment.start < PIECE_NS
        if segment is not None and young and fresh.kind == segment.kind == "running" and _same(fresh.view, segment.view):
            track.seen = now
            return
        if segment is not None:
            self._count_ticks(track, segment)
            self.judge.segment(self.pid, track.tid, _closed(segment, middle))
        track.open, track.seen = fresh, now

    def _count_ticks(self, track: Track, segment: Segment) -> None:
        with contextlib.suppress(OSError):
            if segment.kind == "running":
                stat, before = track.files.stat(), track.stat
                if before is not None:
                    segment.user = stat.user_ticks - before.user_ticks
                    segment.system = stat.system_ticks - before.system_ticks
                    segment.faults = stat.major_faults - before.major_faults
                track.stat = stat

    def _segment(self, track: Track, raw: bytes, start: int) -> Segment:
        if raw == proc.RUNNING:
            segment = Segment(start, "running")
            if self._runs_a_loop(track) or self._runs_long(track, start):
                segment.view = self._view(track)
        else:
            call = proc.parse_call(raw)
            if call.number < 0:
                segment = Segment(start, "off", view=self._view(track))
            else:
                name = syscalls.name(call.number)
                segment = Segment(start, "call", name, call.arguments)
                segment.gil = (
                    name == "futex" and self.gil is not None and 0 <= call.arguments[0] - self.gil < pystack.GIL_BYTES
                )
                segment.alone = name in {"poll", "ppoll"} and 0 <= call.arguments[0] - call.stack_pointer < C_FRAME
                segment.view = self._view(track)
                if segment.gil:
                    self._see_holder(segment)
            self._confirm(track, segment, raw)
        segment.work = self.work.get(track.tid)
        return segment

    def _confirm(self, track: Track, segment: Segment, raw: bytes) -> None:
        """Where it went on while we looked, the stack may be of what it did next: keep it if it still stands there."""
        with contextlib.suppress(OSError):
            if segment.view is not None and not segment.polls and track.files.call() != raw:
                again = self._view(track)
                if again is None or again.frames != segment.view.frames:
                    segment.view = None

    def _look_again(self, track: Track, segment: Segment) -> None:
        """A wait that has lasted: what it is for, and its stack where that could not be read at first."""
        if segment.view is None and track.python:
            segment.view = self._view(track)
        if segment.aimed:
            return
        segment.aimed = True
        if segment.polls:
            return
        if segment.kind == "off":
            segment.target = self.process.mapped_file()
            return
        memory = self.reader.memory if self.reader is not None else None
        segment.target = self.process.target(segment.call or "", segment.arguments, memory)
        if segment.call in syscalls.SLEEPS and self.reader is not None and self._runs_a_loop(track):
            # A library sleeps again and again for one lock, which may be free by now.
            frames = segment.view.frames if segment.view is not None else ()
            segment.contended = self.process.contended(memory, proc.parse_call(track.raw).stack_pointer)
            if segment.contended is None and frames and track.contended[0] == frames:
                segment.contended = track.contended[1]
            track.contended = frames, segment.contended

    def waits_for_gil(self, call: proc.Call) -> bool:
        """Whether a call is CPython's wait for its GIL: on a word inside the GIL's own structure."""
        if self.gil is None or syscalls.name(call.number) != "futex":
            return False
        return 0 <= call.arguments[0] - self.gil < pystack.GIL_BYTES

    def _see_holder(self, segment: Segment) -> None:
        reader = self.reader
        if reader is None or self.gil is None:
            return
        with contextlib.suppress(OSError):
            words = reader.memory.read(self.gil + 8, 12)
            state, locked = int.from_bytes(words[:8], "little"), int.from_bytes(words[8:], "little")
            if state and locked:
                tid = reader.native_id(state)
                view = stacks.view(reader.stack(state), self.directory)
                track = self.tracks.get(tid)
                raw = track.files.call() if track is not None else proc.RUNNING
                call = (
                    None if raw == proc.RUNNING or raw.startswith(b"-1") else syscalls.name(proc.parse_call(raw).number)
                )
                work = self.work.get(tid)  # `to_thread(some C function)` has no frame of the user's in the worker
                asker = work.site if work is not None and not view.mine else None
                segment.holders[tid, call, asker or view.site] += 1

    def _runs_a_loop(self, track: Track) -> bool:
        return track.loop is not None or self.judge.is_loop(self.pid, track.tid)

    def _runs_long(self, track: Track, now: int) -> bool:
        if track.open is None or track.open.kind != "running":
            track.runs_since = now
        return now - track.runs_since > STEADY_NS

    def _view(self, track: Track) -> View | None:
        if self.reader is None or not track.python:
            return None
        try:
            frames = self.reader.stack(track.python, below=track.below)
        except OSError:
            self._failures += 1
            return None
        if not frames:
            return None
        depth = track.loop[2] if track.loop is not None and track.loop[1] == 2 else None
        view = stacks.view(frames, self.directory, depth, runners=not self.agent, inherited=self.inherited)
        stays = track.loop is not None and (track.loop[1] != TRIO or _runs_to_its_end(track.below))
        if stays and not view.loop:
            return None  # the loop that runs is not on the stack: what we read was torn
        if view.turn:
            self.turns.add(view.turn)
            if not track.below or track.below[0].address != view.turn or frames[-len(track.below)] != track.below[0]:
                track.below = tuple(frames[next(at for at, each in enumerate(frames) if each.address == view.turn) :])
        return view

    def _top(self, track: Track) -> tuple[int, int]:
        if self.reader is None or not track.python:
            return (0, 0)
        try:
            frames = self.reader.stack(track.python, 1)
        except OSError:
            return (0, 0)
        return (frames[0].address, frames[0].line) if frames else (0, 0)

    def cut(self, track: Track, at: int, *, by_itself: bool = True) -> None:
        """End the open segment at a moment, and go on from there; `by_itself`: the thread noted it, so it ran then."""
        segment = track.open
        if segment is None or not segment.start < at:
            return
        with contextlib.suppress(OSError):  # how long it stood in line for a CPU is known only once it runs again
            times = track.files.times()
            segment.cpu += times.run_ns - track.times.run_ns
            segment.delay += times.delay_ns - track.times.delay_ns
            track.times = times
        if by_itself:
            rest, track.raw = Segment(at, "running", work=segment.work), b""
        else:
            rest = Segment(
                at, segment.kind, segment.call, segment.arguments, view=segment.view, target=segment.target,
                gil=segment.gil, contended=segment.contended, work=segment.work, aimed=segment.aimed, alone=segment.alone,
            )  # fmt: skip
        self.judge.segment(self.pid, track.tid, _closed(segment, at))
        track.open = rest

    def end(self, track: Track, now: int) -> None:
        """A thread has ended."""
        if track.open is not None:
            self.judge.segment(self.pid, track.tid, _closed(track.open, (track.seen + now) // 2))
            track.open = None
        self.judge.thread_ends(self.pid, track.tid, now)

    def drop(self, track: Track, now: int) -> None:
        """A thread has ended, and the kernel has forgotten it."""
        self.end(track, now)
        track.files.close()
        self.tracks.pop(track.tid, None)

    def close(self, now: int) -> None:
        """Stop watching."""
        if self._stopped is not None:
            self.judge.stopped(self.pid, self._stopped, now)
        for track in list(self.tracks.values()):
            if track.open is not None:
                self.judge.segment(self.pid, track.tid, _closed(track.open, now))
            track.files.close()
        self.tracks.clear()
        if self.reader is not None:
            self.reader.close()


def _runs_to_its_end(below: Sequence[pystack.Frame]) -> bool:
    """Whether the frame of a loop of trio's is there from the run's beginning to its end: not as another loop's guest."""
    return bool(below) and below[0].code.qualname == "run"


def _closed(segment: Segment, end: int) -> Segment:
    segment.end = max(end, segment.start)
    return segment


def _same(one: View | None, other: View | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.step == other.step and one.site == other.site and one.own == other.own


class Sampler:
    """Watches one program at a time.

    `layout` is `None` where Python stacks can't be read; `ring` and `ping` where no agent is in the program.
    """

    def __init__(
        self,
        pid: int,
        layout: pystack.Layout | None,
        ring: Ring | None,
        ask: Callable[[int], None],
        *,
        threshold_ns: int,
        plain_threads: bool,
    ) -> None:
        now = time.monotonic_ns()
        self.pid, self._layout, self._ring, self._ask = pid, layout, ring, ask
        self._began = now
        self.judge = Judge(pid, now, self, threshold_ns=threshold_ns, plain_threads=plain_threads)
        self._family = Family(pid, layout, self.judge, now)
        self._family.agent = ring is not None
        self._blind: blind.Pings | None = None
        if (why := blind.reason(pid)) is not None:
            self._blind = blind.Pings(self.judge, ask)
            self.judge.miss(why)
        self._families = {pid: self._family}
        self._hidden: set[int] = set()
        self._loops: dict[int, tuple[int, int, int]] = {}
        self._queue: dict[int, Work] = {}
        self._doing: dict[int, Work] = {}
        self._load: Counter[int] = Counter()
        """How much work each pool has, begun or not."""
        self._tended = self._named = 0
        self._want_names = ASK_NAMES
        self._others: set[int] = set()
        self._agent: proc.ThreadFiles | None = None
        self._kept_out: tuple[int, int] | None = None
        self._agent_slices = 0
        if ring is None:
            self.judge.miss("threads' names, lines for a pool, and uvloop's turns: it was not started by us")
        if ring is not None:
            for record in ring.read():  # from before the window: loops that run, work that waits
                self._note(record, early=True)

    def tick(self) -> bool:
        """Look at everything once; returns whether the program is still there."""
        now = time.monotonic_ns()
        self._read_ring()
        for family in list(self._families.values()):
            family.attach(now)
            if family.list_threads(now, self._hidden):
                self._want_names = ASK_NAMES
            if self._loops and family is self._family:
                self._place_loops(family)
            for track in _due(family, now):
                family.visit(track, now)
            if not family.tracks and family is not self._family and now - family.began > LISTING_NS:
                family.close(now)
                del self._families[family.pid]
        self._ping(now)
        self._tend(now)
        return (
            bool(self._family.tracks) or now - self._began < 2 * LISTING_NS or Path(f"/proc/{self.pid}/task").exists()
        )

    def stat(self, pid: int, tid: int) -> proc.Stat | None:
        """Return a thread's counters now; `None` when it has ended."""
        track = self._families[pid].tracks.get(tid) if pid in self._families else None
        try:
            return track.files.stat() if track is not None else None
        except OSError:
            return None

    def transferred(self, pid: int, tid: int) -> int:
        """Return how many bytes a thread has read and written; 0 when it has ended."""
        track = self._families[pid].tracks.get(tid) if pid in self._families else None
        try:
            return track.files.transferred() if track is not None else 0
        except OSError:
            return 0

    def streams(self, pid: int) -> Literal["nonblocking", "blocking"] | None:
        """Say what sockets and pipes a process has."""
        return proc.Process(pid).streams()

    def finish(self) -> Observation:
        """Stop, and say what was seen."""
        self._read_ring()
        if self._ring is not None and self._family.tracks:
            self._ask(channel.NAMES)
            deadline = time.monotonic_ns() + 20_000_000
            wanted = set(self._family.tracks)
            while time.monotonic_ns() < deadline and not wanted <= set(self._ring.names()):
                time.sleep(0.001)
            self.judge.names(self.pid, self._ring.names())
        now = time.monotonic_ns()
        for family in self._families.values():
            if family.unreadable is not None and family is self._family:
                self.judge.miss(f"no Python lines: {family.unreadable}")
            family.close(now)
        if self._agent is not None:
            self._agent.close()
            self._agent = None
        for work in self._queue.values():
            self.judge.waited(self.pid, work, now)
        return self.judge.finish(now)

    def _read_ring(self) -> None:
        if self._ring is not None:
            for record in self._ring.read():
                self._note(record)

    def _note(self, record: Record, *, early: bool = False) -> None:
        family, tid = self._family, record.tid
        match record.kind:
            case Kind.READY:
                self._hidden.add(tid)
                self.judge.hide(self.pid, tid)
                if (track := family.tracks.pop(tid, None)) is not None:
                    track.files.close()
                with contextlib.suppress(OSError):
                    self._agent = proc.ThreadFiles(self.pid, tid)
            case Kind.LOOP_RUNS:
                self._loops[tid] = (record.first, record.code, record.amount)
                self.judge.loop_runs(self.pid, tid, max(record.time_ns, self._began))
            case Kind.LOOP_ENDS:
                if self._loops.get(tid, (0, 0, 0))[0] == record.first:
                    del self._loops[tid]
                    if (track := family.tracks.get(tid)) is not None:
                        track.loop = None
                        family.cut(track, record.time_ns)
                    self.judge.loop_ends(self.pid, tid, record.time_ns)
            case Kind.PONG | Kind.PINGED:
                for loop_tid, loop in self._loops.items():
                    if loop[0] != record.second:
                        continue
                    if self._blind is not None:
                        self._blind.note(record, loop_tid)
                    elif (track := family.tracks.get(loop_tid)) is not None:
                        self._note_ping(track, record)
            case _:
                self._note_work(record, early=early)

    def _note_ping(self, track: Track, record: Record) -> None:
        if record.kind is Kind.PINGED:
            if track.ponged < record.first:
                self.judge.held_from(self.pid, track.tid, record.time_ns)
            return
        track.pinged, track.turned, track.ponged = False, record.time_ns, record.first
        self._family.cut(track, record.time_ns)
        self.judge.turned(self.pid, track.tid, record.time_ns)

    def _note_work(self, record: Record, *, early: bool) -> None:
        family = self._family
        if record.kind is Kind.ASKED:
            site = None
            if family.reader is not None and (code := family.reader.code(record.code)) is not None:
                site = stacks.site_of(code, record.line, family.directory)
            asked = max(record.time_ns, self._began)
            work = Work(record.first, record.second, record.amount, site, asked)
            work.free = self._load[work.pool] < work.size
            self._load[work.pool] += 1
            self._queue[record.first] = work
            return
        if record.kind is not Kind.STARTED:
            self._load[record.second] = max(self._load[record.second] - 1, 0)
        waiting = self._queue.pop(record.first, None)
        if record.kind is Kind.STARTED and waiting is not None:
            work = waiting
            work.started, work.tid = record.time_ns, record.tid
            self._doing[record.first] = work
            family.work[record.tid] = work
            if not early:
                self.judge.waited(self.pid, work, record.time_ns)
            self._renew(record.tid, record.time_ns)
        elif record.kind in {Kind.WITHDRAWN, Kind.ADMITTED} and waiting is not None and not early:
            waiting.free = waiting.free and record.kind is Kind.WITHDRAWN
            self.judge.waited(self.pid, waiting, record.time_ns)
        elif record.kind is Kind.ENDED:
            done = self._doing.pop(record.first, None)
            if done is not None and family.work.get(done.tid) is done:
                del family.work[done.tid]
                self._renew(done.tid, record.time_ns)

    def _renew(self, tid: int, at: int) -> None:
        """A worker's wait is idle or not by whether it has work: end the one where the other begins."""
        track = self._family.tracks.get(tid)
        if track is not None and track.open is not None:
            self._family.cut(track, at)
            track.open.work = self._family.work.get(tid)
            self.judge.is_worker(self.pid, tid)

    def _place_loops(self, family: Family) -> None:
        for tid, loop in self._loops.items():
            if (track := family.tracks.get(tid)) is not None and track.loop != loop:
                track.loop, track.pinged = loop, False

    def _ping(self, now: int) -> None:
        if self._blind is not None:
            self._blind.tick(now, self._loops)
        for tid in self._loops:
            track = self._family.tracks.get(tid)
            if track is None or track.open is None:
                continue
            if track.open.polls:
                track.turned = now
            elif not track.pinged and now - track.turned > PING_AFTER_NS:
                track.pinged = True
                self._ask(tid)
                self._kept_out = None
            elif track.pinged and self._keeps_the_gil(track):
                if self._kept_out is None or self._agent_wakes() > (now - self._kept_out[0]) // SWITCH_NS + 2:
                    self._kept_out = now, self._agent_slices
                    self.judge.let_go(self.pid, tid, now)
                elif now - self._kept_out[0] > SWITCH_NS:
                    self.judge.held_from(self.pid, tid, self._kept_out[0] + SWITCH_NS, in_one_call=True)
            else:
                self._kept_out = None

    def _agent_wakes(self) -> int:
        """How often the agent has woken while it was kept out.

        It wakes when it has waited for the switch interval, and each time that the loop's thread lets go of the GIL:
        more often than the interval allows says that the loop does let go, and only takes the GIL back more quickly.
        """
        if self._agent is None or self._kept_out is None:
            return 0
        try:
            self._agent_slices = self._agent.times().slices
        except OSError:
            return 0
        return self._agent_slices - self._kept_out[1]

    def _keeps_the_gil(self, track: Track) -> bool:
        """Whether the agent, asked to ping a loop, waits for the GIL that the loop's own thread has."""
        family = self._family
        if self._agent is None or family.gil is None or family.reader is None:
            return False
        try:
            raw = self._agent.call()
            if raw == proc.RUNNING or not family.waits_for_gil(proc.parse_call(raw)):
                return False
            if self._kept_out is None:
                self._agent_slices = self._agent.times().slices
            return family.reader.native_id(family.reader.memory.pointer(family.gil + 8)) == track.tid
        except OSError:
            return False

    def _tend(self, now: int) -> None:
        """What need not be done in every tick."""
        if self._want_names and now - self._named > NAMES_NS and self._ring is not None:
            self._named = now
            self._want_names -= 1
            self._ask(channel.NAMES)
        if now - self._tended < FAMILY_NS:
            return
        self._tended = now
        if self._ring is not None:
            self.judge.names(self.pid, self._ring.names())
        for family in list(self._families.values()):
            family.watch_stops(now)
            for child in family.process.children():
                if child not in self._families and child not in self._others and child != os.getpid():
                    self._adopt(child, now)
                    if child in self._families:
                        self._families[child].inherited = family.inherited | family.turns
        self._tended += 10 * (time.monotonic_ns() - now)  # each of a thousand threads is asked for its children

    def _adopt(self, pid: int, now: int) -> None:
        family = Family(pid, self._layout, self.judge, now)
        if family.reader is None and self._layout is not None:
            if now - self._young(pid, now) > 200_000_000:  # it has not become a Python of ours by now
                self._others.add(pid)
            family.close(now)
            return
        self.judge.child(pid, family.process.name())
        self._families[pid] = family

    def _young(self, pid: int, now: int) -> int:
        self._births.setdefault(pid, now)
        return self._births[pid]

    _births: dict[int, int] = {}  # noqa: RUF012  one sampler at a time in its process


def _due(family: Family, now: int) -> Iterable[Track]:
    """The threads to visit now: all, or where they are many, those that have run since and those that stir."""
    if len(family.tracks) <= MOST_A_TICK:
        return list(family.tracks.values())
    stirring = [track for track in family.tracks.values() if _stirs(track, now)][:MOST_A_TICK]
    if now < family.swept:
        return stirring
    changed = family.crowd.changed(family.tracks)
    family.swept = now + max(SWEEP_NS, 3 * (time.monotonic_ns() - now))
    return {track.tid: track for track in (*stirring, *changed)}.values()


def _stirs(track: Track, now: int) -> bool:
    segment = track.open
    if segment is None or track.loop:
        return True
    return not segment.aimed and segment.kind != "running" and now - segment.start > AIM_NS


class _Crowd:
    """Many threads: which of them have run since they were looked at last, found out with one reading each."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._files: list[int] = []
        self._seen: list[bytes] = []

    def changed(self, tracks: dict[int, Track]) -> list[Track]:
        """Return those that have run, and those that are new."""
        if len(tracks) != len(self._tracks) or any(track.tid not in tracks for track in self._tracks):
            self._tracks = list(tracks.values())
            self._files = [track.files.schedstat for track in self._tracks]
            self._seen = [b""] * len(self._files)
        try:
            seen = list(map(os.pread, self._files, repeat(TIMES_BYTES), repeat(0)))
        except OSError:  # one has ended: a visit finds out which
            return self._tracks
        before, self._seen = self._seen, seen
        return [track for track, was, now in zip(self._tracks, before, seen, strict=True) if was != now]
