"""One process of those that are watched, and its threads: what each waits in, since when, at which line.

A thread is visited about a thousand times a second. What it does between two changes is one `Segment`; it is handed to
the judge when it has ended. Stacks are read where a thread waits somewhere new, while a loop's thread computes, and
once any other has computed for a while.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from compare.observe.interpreter import views as stacks
from compare.observe.interpreter.garbage import Collecting, Collector
from compare.observe.interpreter.memory import Unreadable
from compare.observe.interpreter.stacks import GIL_BYTES, Reader
from compare.observe.interpreter.tasks import Tasks
from compare.observe.judge.segments import Segment
from compare.observe.kernel import proc
from compare.observe.kernel import system_calls as syscalls
from compare.observe.sampler.schedule import Crowd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.observe.interpreter.layout import Layout
    from compare.observe.interpreter.stacks import Frame
    from compare.observe.interpreter.tasks import Running
    from compare.observe.interpreter.views import View
    from compare.observe.judge.judge import Judge
    from compare.observe.judge.segments import Work
    from compare.observe.sampler.failures import Failures

LISTING_NS = 5_000_000
"""How often the list of threads is read."""
ASYNCIO, TRIO = 1, 3
"""The families of asyncio's own loops and of trio's, in the agent's `LOOP_RUNS`."""
C_FRAME = 1 << 12
"""Where a socket with a timeout keeps what it polls: in the C function's frame; a poll object has it on the heap."""
YOUNG_NS = 1_000_000_000
"""For how long a thread may have no Python state yet."""
ATTACH_NS = 2_000_000
"""How often it is tried to find the interpreter."""
MOST_FAILURES = 20
"""After how many stacks that can't be read it is looked for again."""
DOUBT_NS = 50_000_000
"""How long a code object that was read is taken to be there still."""
PIECE_NS = 50_000_000
"""The longest stretch of running that is handed on in one piece."""
HIDDEN_NS = 10_000_000
"""For how long a task that a greenlet hides is taken to await where it did."""
SERVED_NS = 8_000_000
"""How long a library's code runs in a task before it is looked up for whom: that takes a while."""
STEADY_NS = 30_000_000
"""How long a thread without a loop runs before its stack is read while it runs."""


class Track:
    """One thread, as far as it has been followed."""

    __slots__ = (
        "below", "born", "contended", "files", "hidden", "loop", "open", "pinged", "poller", "ponged", "python", "raw",
        "runs_since", "seen", "stat", "tid", "times", "turned",
    )  # fmt: skip

    def __init__(self, pid: int, tid: int, now: int) -> None:
        """Follow a thread from now on. Raises `OSError` when it has ended or may not be seen."""
        self.tid = tid
        self.files = proc.ThreadFiles(pid, tid)
        self.raw = b""
        self.times = self.files.times()
        self.born = self.seen = now
        self.open: Segment | None = None
        self.python = 0
        self.loop: tuple[int, int, int] | None = None
        """Of the loop that runs in it: id, family, stack depth below."""
        self.hidden: tuple[int, int, list[Frame]] = 0, 0, []
        """Of the task that a greenlet hides: its coroutine, and where it awaits, which holds until then."""
        self.poller: tuple[int, int] | None = None
        """Its loop, and the descriptor that it polls by."""
        self.pinged = False
        self.ponged = 0
        """The number of the last ping that came back: the note that it was sent may be written after that."""
        self.turned = now
        self.runs_since = now
        self.contended: tuple[tuple[tuple[int, int], ...], str | None] = (), None
        """Where it slept last, and for which file's lock."""
        self.stat: proc.Stat | None = None
        self.below: tuple[Frame, ...] = ()
        """The frame that makes its loop's turns, and those below: they stay while the loop runs."""


class Family:
    """One process of those that are watched: the program itself, or one that it started."""

    def __init__(self, pid: int, layout: Layout | None, judge: Judge, now: int, failed: Failures) -> None:
        """Watch a process from now on."""
        self._failed = failed
        self.pid = pid
        self.process = proc.Process(pid)
        self.judge = judge
        self.tracks: dict[int, Track] = {}
        self.work: dict[int, Work] = {}
        self.reader: Reader | None = None
        self.tasks: Tasks | None = None
        self.collector: Collector | None = None
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
        self.crowd = Crowd()
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
            self.reader = Reader(self.pid, self._layout)
            inside = self._layout.inside
            self.tasks = Tasks(self.reader, inside) if inside is not None else None
            self.collector = Collector(self.reader, inside) if inside is not None else None
            self.gil, self.unreadable = self.reader.gil(), None
            self._was_read = True
        except (Unreadable, OSError) as error:
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
        if segment is not None and now - segment.start < PIECE_NS and _runs_on(segment, fresh):
            segment.looks += 1
            self._see_task(track, segment)
            self._see_served(segment)
            track.seen = now
            return
        if segment is not None:
            self._count_ticks(track, segment)
            self._see_collected(segment.collecting, fresh.collecting)
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
                segment.collecting = self._collecting(track, segment.view)
        else:
            call = proc.parse_call(raw)
            if call.number < 0:
                segment = Segment(start, "off", view=self._view(track))
            else:
                name = syscalls.name(call.number)
                segment = Segment(start, "call", name, call.arguments)
                segment.gil = self.waits_for_gil(call)
                segment.alone = name in {"poll", "ppoll"} and 0 <= call.arguments[0] - call.stack_pointer < C_FRAME
                segment.view = self._view(track)
                if segment.gil:
                    self._see_holder(segment)
                self._know_poller(track, segment)
            self._confirm(track, segment, raw)
        segment.work = self.work.get(track.tid)
        return segment

    def _know_poller(self, track: Track, segment: Segment) -> None:
        """A loop's poller is its descriptor: seen where a loop polls that runs nothing, known whoever calls it then."""
        view = segment.view
        if view is None or not view.loop or not (segment.call or "").startswith("epoll_"):
            return
        loop = track.loop[0] if track.loop is not None else 0
        polled = loop, segment.arguments[0]
        if view.own or self._runs_nothing(track, view):
            track.poller = polled
        if polled == track.poller and not view.own:
            segment.view = view.in_poller()

    def _runs_nothing(self, track: Track, view: View) -> bool:
        """Whether a loop that runs asyncio's handles, by code of whomever, has none at work, and no task."""
        return (
            track.loop is not None
            and track.loop[1] == ASYNCIO
            and not view.in_handle
            and self._running(track, view) is None
        )

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
        self._see_task(track, segment)
        self._see_served(segment)
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
        return 0 <= call.arguments[0] - self.gil < GIL_BYTES

    def _see_holder(self, segment: Segment) -> None:
        reader = self.reader
        if reader is None or self.gil is None:
            return
        with contextlib.suppress(OSError):
            words = reader.memory.read(self.gil + 8, 12)
            state, locked = int.from_bytes(words[:8], "little"), int.from_bytes(words[8:], "little")
            if state and locked:
                tid = reader.native_id(state)
                track = self.tracks.get(tid)
                view = self._view(track) if track is not None else None
                view = view or stacks.view(reader.stack(state), self.directory)
                raw = track.files.call() if track is not None else proc.RUNNING
                call = (
                    None if raw == proc.RUNNING or raw.startswith(b"-1") else syscalls.name(proc.parse_call(raw).number)
                )
                work = self.work.get(tid)  # `to_thread(some C function)` has no frame of the user's in the worker
                asker = work.site if work is not None and not view.mine else None
                collects = self.collector is not None and self.collector.collects()
                asked = collects and self.tasks is not None and self.tasks.calls(view.stack[:1], "gc.collect")
                holder = tid, call, asker or view.site if asked or not collects else None
                segment.holders[holder] += 1
                segment.kept_at[holder] = view
                if collects:
                    segment.collectors.add(holder)

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
            return self._read_view(track, self.reader)
        except OSError:
            self._failures += 1
        except Exception as error:  # noqa: BLE001  a stack that changed while it was read may hold anything
            self._failed.note(error)
        return None

    def _read_view(self, track: Track, reader: Reader) -> View | None:
        frames = reader.stack(track.python, below=track.below)
        if not frames:
            return None
        # A greenlet has a stack of its own.
        whole = not track.below or frames[-1].address == track.below[-1].address
        depth = track.loop[2] if track.loop is not None and track.loop[1] != TRIO and whole else None
        view = stacks.view(frames, self.directory, depth, runners=not self.agent, inherited=self.inherited)
        stays = track.loop is not None and (track.loop[1] != TRIO or _runs_to_its_end(track.below))
        stays = stays or (not whole and self._runs_a_loop(track))
        if stays and not view.loop:  # the loop that runs is not on the stack: it went on while we read
            if not track.below:
                return None
            depth = track.loop[2] if track.loop is not None and track.loop[1] != TRIO else None
            view = stacks.view([*frames, *track.below], self.directory, depth, torn=True)
            return self._with_task(track, view)
        if view.turn:
            self.turns.add(view.turn)
            if not _lies_below(track.below, frames, view.turn):
                track.below = tuple(frames[next(at for at, each in enumerate(frames) if each.address == view.turn) :])
                self.turns.update(
                    frame.address for frame in frames if stacks.mark(frame.code.filename, frame.code.qualname) == "turn"
                )
        return view

    def _with_task(self, track: Track, view: View) -> View:
        """Where a greenlet hides whose line it is, the coroutines of the task may tell; else all are on the stack."""
        if self.tasks is None or view.own or (view.mine and not view.in_no_file):
            return view
        running = self._running(track, view)
        if running is None:
            return view
        now = time.monotonic_ns()
        coroutine, until, awaits = track.hidden
        if coroutine != running.coroutine or now > until:
            awaits = self.tasks.awaits(running)
            track.hidden = running.coroutine, now + HIDDEN_NS, awaits
        return view.by_task(running.task, awaits)

    def _see_task(self, track: Track, segment: Segment) -> None:
        """A stretch that has lasted: in which task it is."""
        view = segment.view
        if segment.asked or view is None or not view.loop or view.own or self.tasks is None:
            return
        segment.asked = True
        if view.doing is None:
            running = self._running(track, view)
            segment.view = (
                view.by_callback(self.tasks.callback) if running is None else view.within(running.task, running.frame)
            )

    def _see_served(self, segment: Segment) -> None:
        """A stretch that has lasted in a library's code: for which function of the user's, say an endpoint, it is."""
        view = segment.view
        if segment.sought or view is None or view.mine or view.own or view.doing is None or self.tasks is None:
            return
        if view.doing.name is not None and time.monotonic_ns() - segment.start > SERVED_NS:
            segment.sought = True
            if (found := self.tasks.serves(view.stack, stacks.is_mine)) is not None:
                segment.view = view.serving(found[1], found[0])

    def _running(self, track: Track, view: View) -> Running | None:
        if self.tasks is None:
            return None
        loop, family, _ = track.loop or (None, TRIO, 0)
        # Of all but asyncio's loops the task is looked for in the loop's own frames.
        turns = (*view.turns(), *track.below[:1]) if family == TRIO else ()
        return self.tasks.running(track.python, loop, turns, time.monotonic_ns())

    def _collecting(self, track: Track, view: View | None) -> Collecting | None:
        """Whether it is this thread that collects garbage now: the one that has the GIL."""
        if self.collector is None or self.reader is None or self.gil is None:
            return None
        with contextlib.suppress(OSError):
            if self.collector.collects() and self.reader.memory.pointer(self.gil + 8) == track.python:
                asked = view is not None and self.tasks is not None and self.tasks.calls(view.stack[:1], "gc.collect")
                return Collecting(self.collector.counts(), asked=asked)
        return None

    def _see_collected(self, collecting: Collecting | None, since: Collecting | None) -> None:
        """What it was that has ended; `since`: what is under way now."""
        if collecting is None or self.collector is None:
            return
        with contextlib.suppress(OSError):
            collecting.ended(since.before if since is not None else self.collector.counts())

    def _top(self, track: Track) -> tuple[int, int]:
        if self.reader is None or not track.python:
            return (0, 0)
        try:
            frames = self.reader.stack(track.python, 1)
        except OSError:
            return (0, 0)
        return (frames[0].address, frames[0].line) if frames else (0, 0)

    def cut(self, track: Track, at: int, *, by_itself: bool = True) -> None:
        """End the open segment at a moment, and go on from there; `by_itself`: the thread noted that it ran then."""
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
                gil=segment.gil, contended=segment.contended, work=segment.work, aimed=segment.aimed,
                alone=segment.alone,
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


def _lies_below(below: Sequence[Frame], frames: Sequence[Frame], turn: int) -> bool:
    """Whether what is remembered of a loop's frames is still what lies at the bottom of a stack."""
    return 0 < len(below) <= len(frames) and below[0].address == turn and frames[-len(below)] == below[0]


def _runs_to_its_end(below: Sequence[Frame]) -> bool:
    """Whether the frame of a loop of trio's is there for the whole run: it is not where trio is a guest."""
    return bool(below) and below[0].code.qualname == "run"


def _closed(segment: Segment, end: int) -> Segment:
    segment.end = max(end, segment.start)
    return segment


def _runs_on(segment: Segment, fresh: Segment) -> bool:
    """Whether a thread that is looked at again still runs what it ran."""
    collects = (segment.collecting is None) is (fresh.collecting is None)
    return segment.kind == fresh.kind == "running" and collects and _same(fresh.view, segment.view)


def _same(one: View | None, other: View | None) -> bool:
    if one is None or other is None:
        return one is other
    # A library's lines are many, and which of them it is matters less.
    there = one.site == other.site or not (one.mine or other.mine)
    return one.step == other.step and there and one.own == other.own
