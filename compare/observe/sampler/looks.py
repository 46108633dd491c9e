"""A look at one thread: what it waits in, since when, at which line.

A thread is visited about a thousand times a second. What it does between two changes is one `Segment`; it is handed to
the judge when it has ended. Stacks are read where a thread waits somewhere new, while a loop's thread computes, and
once any other has computed for a while.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from compare.observe.judge.segments import Segment
from compare.observe.kernel import locks
from compare.observe.kernel import system_calls as syscalls
from compare.observe.kernel import threads as kernel_threads
from compare.observe.sampler.between_looks import (
    by_then,
    changed_at,
    closed,
    collected,
    is_missed,
    seen_until,
    unseen_since,
)
from compare.observe.sampler.loop_pings import is_due
from compare.observe.sampler.schedule import CALM_LOOKS

if TYPE_CHECKING:
    from compare.observe.interpreter.views import View
    from compare.observe.sampler.watched_process import WatchedProcess
    from compare.observe.sampler.watched_thread import WatchedThread

C_FRAME = 1 << 12
"""Where a socket with a timeout keeps what it polls: in the C function's frame; a poll object has it on the heap."""
PIECE_NS = 50_000_000
"""The longest stretch of running that is handed on in one piece."""
EDGE_NS = 3_000_000
"""A wait that was this long when its thread woke is handed on by itself, though the next is in the same place."""
STEADY_NS = 30_000_000
"""How long a thread without a loop runs before its stack is read while it runs."""
SETTLED_NS = 20_000_000
"""After how long all that can be known of a wait is known: while it goes on, one reading tells so."""


class Looks:
    """Looks at the threads of one process, and hands what they did to its judge."""

    def __init__(self, process: WatchedProcess) -> None:
        """Look at nothing yet."""
        self._process = process

    def visit(self, thread: WatchedThread, now: int) -> None:
        """Look at one thread."""
        if self._waits_still(thread, now):
            return
        try:
            raw, times = thread.files.call(), thread.files.times()
        except OSError:
            self._process.drop(thread, now)
            return
        if raw == kernel_threads.GONE:
            self._process.end(thread, now)
            return
        segment = thread.open
        still = segment is not None and segment.gil and self._waits_for_the_same(segment)
        missed = not still and is_missed(thread, times, now, same=raw == thread.raw)
        changed, loose = changed_at(thread, times, now, waits=raw != kernel_threads.RUNNING)
        if segment is not None:
            segment.loose = now - thread.seen if missed else loose
        if segment is not None and not missed:
            segment.cpu += times.run_ns - thread.times.run_ns
            segment.delay += times.delay_ns - thread.times.delay_ns
        woke, unseen = times.slices != thread.times.slices, unseen_since(thread, times, now) if missed else None
        thread.times, before = times, thread.raw
        thread.raw = raw
        end, start = (seen_until(thread, changed), now) if missed else (changed, changed)
        turned = self._turned(thread, now) if woke or raw == kernel_threads.RUNNING else None
        if turned is not None and not missed:
            end = start = turned
        waits = raw == before and raw != kernel_threads.RUNNING and not missed and turned is None
        if segment is not None and (still or (waits and self._waits_on(thread, segment, changed, woke=woke))):
            thread.seen = now
            return
        thread.calm = 0
        fresh = self._segment(thread, raw, start if segment is not None else self._first(thread, now))
        goes_on = segment is not None and not missed and turned is None and now - segment.start < PIECE_NS
        if segment is not None and goes_on and _runs_on(segment, fresh):
            segment.looks += 1
            segment.asks += fresh.asks
            self._process.stacks.see_task(thread, segment)
            self._process.stacks.see_served(segment)
            thread.seen = now
            return
        if segment is not None:
            end, fresh.start = collected(segment, fresh, (thread.seen, now), (end, fresh.start))
            _count_forked(thread, segment)
            self._count_ticks(thread, segment)
            self._process.stacks.see_collected(segment.collecting, fresh.collecting)
            self._tell(thread, closed(segment, end), unseen, turned)
        thread.open, thread.seen, thread.found = fresh, now, now

    def _tell(self, thread: WatchedThread, segment: Segment, unseen: Segment | None, turned: int | None) -> None:
        """Hand on what a thread did, in what stretch after that nobody looked, and when its loop came round."""
        judge, pid = self._process.judge, self._process.pid
        judge.segment(pid, thread.tid, segment)
        if unseen is not None:
            judge.unseen(pid, thread.tid, unseen)
        if turned is not None:
            judge.came_round(pid, thread.tid, turned)

    def _first(self, thread: WatchedThread, now: int) -> int:
        """Return when a thread that is looked at first began what it does; tell that it stood in line until it ran."""
        if thread.seen != thread.born:  # it was looked at before, and what it did meanwhile is nobody's matter
            return now
        try:
            age = thread.files.stat().age_ns()
        except OSError:
            return now
        times, watched = thread.times, now - self._process.began
        if not times.slices:
            return now - min(age, watched)
        if age <= watched and times.delay_ns * 2 > age:
            lined_up = Segment(now - age, "running", cpu=times.run_ns, delay=times.delay_ns)
            self._process.judge.segment(self._process.pid, thread.tid, closed(lined_up, now))
        return now

    def _turned(self, thread: WatchedThread, now: int) -> int | None:
        """When its loop came round since the last look, if it did and that can be read; not before what is open.

        Of a loop that is in its poller, or has been heard of just now, it is known that it comes round.
        """
        if thread.open is None or (thread.loop is not None and (not is_due(thread, now) or _is_in_poller(thread.raw))):
            return None
        began = self._process.stacks.new_turn(thread, now)
        if began is None:
            return None
        thread.turned = began
        return max(began, thread.open.start)

    def _waits_still(self, thread: WatchedThread, now: int) -> bool:
        """Whether a wait of which all is known goes on, for its thread has not run since it was looked at."""
        segment = thread.open
        if segment is None or thread.calm < CALM_LOOKS or now - segment.start < SETTLED_NS:
            return False
        if segment.gil or not segment.aimed or (segment.view is None and thread.python):
            return False
        try:
            if thread.files.has_run():
                return False
        except OSError:  # it has ended: the whole look tells so
            return False
        thread.seen = now
        thread.calm += 1
        return True

    def _waits_on(self, thread: WatchedThread, segment: Segment, changed: int, *, woke: bool) -> bool:
        """Whether a thread still waits in the same call at the same line; `woke`: it has run in between."""
        if segment.gil:
            self._see_holder(segment)
            return True
        if not woke:
            self._look_again(thread, segment)
            thread.calm += 1
            return True
        thread.calm = 0
        if segment.view is None or not self._process.stacks.stands_at(thread, segment.view):
            return False
        if segment.polls or changed - segment.start < EDGE_NS:
            segment.wakes += 1
        else:  # whom this thread woke when it did is told by when that was
            self.cut(thread, changed, by_itself=False)
            _look_up_anew(thread.open)
        return True

    def _count_ticks(self, thread: WatchedThread, segment: Segment) -> None:
        with contextlib.suppress(OSError):
            if segment.kind == "running":
                stat, before = thread.files.stat(), thread.stat
                if before is not None:
                    segment.user = stat.user_ticks - before.user_ticks
                    segment.system = stat.system_ticks - before.system_ticks
                    segment.faults = stat.major_faults - before.major_faults
                thread.stat = stat

    def _segment(self, thread: WatchedThread, raw: bytes, start: int) -> Segment:
        if raw == kernel_threads.RUNNING:
            segment = Segment(start, "running")
            if self._process.runs_a_loop(thread) or self._runs_long(thread, start):
                segment.view = self._process.stacks.view(thread)
                segment.collecting = self._process.stacks.collecting(thread, segment.view)
                segment.asks = segment.view is not None and self._process.asks_stream(thread, segment.view, start)
        else:
            call = kernel_threads.parse_call(raw)
            if call.number < 0:
                segment = Segment(start, "off", view=self._process.stacks.view(thread))
            else:
                name = syscalls.name(call.number)
                segment = Segment(start, "call", name, call.arguments)
                segment.gil = self._process.stacks.waits_for_gil(call)
                segment.alone = name in {"poll", "ppoll"} and 0 <= call.arguments[0] - call.stack_pointer < C_FRAME
                segment.view = self._process.stacks.view(thread)
                if segment.gil:
                    self._see_holder(segment)
                self._know_poller(thread, segment)
            self._confirm(thread, segment, raw)
        segment.work = self._process.work.get(thread.tid)
        return segment

    def _know_poller(self, thread: WatchedThread, segment: Segment) -> None:
        """A loop's poller is its descriptor: seen where a loop polls that runs nothing, known whoever calls it then."""
        view, segment.poller = segment.view, False
        if segment.call not in syscalls.POLLERS:
            return
        self._process.wants_agent = True
        if view is not None and not view.loop:
            return
        loop = thread.loop[0] if thread.loop is not None else 0
        by_descriptor = segment.call.startswith("epoll_")
        polled = loop, segment.arguments[0] if by_descriptor else -1
        if view is None:  # where its stack can't be read, a loop that polls is in its poller, as far as is known
            known = thread.poller
            turns = thread.loop is not None or (known is not None and by_descriptor)
            segment.poller = turns and not segment.alone and (known is None or polled == known)
            return
        if view.own or (by_descriptor and self._process.stacks.runs_nothing(thread, view)):
            thread.poller = polled
        if by_descriptor and polled == thread.poller and not view.own:
            segment.view = view.in_poller()

    def _confirm(self, thread: WatchedThread, segment: Segment, raw: bytes) -> None:
        """Where it went on while we looked, the stack may be of what it did next: keep it if it still stands there."""
        with contextlib.suppress(OSError):
            if segment.view is not None and not segment.polls and thread.files.call() != raw:
                again = self._process.stacks.view(thread)
                if again is None or again.frames != segment.view.frames:
                    segment.view = None
                    self._know_poller(thread, segment)

    def _look_again(self, thread: WatchedThread, segment: Segment) -> None:
        """A wait that has lasted: what it is for, and its stack where that could not be read at first."""
        if segment.view is None and thread.python:
            segment.view = self._process.stacks.view(thread)
            self._know_poller(thread, segment)
        self._process.stacks.see_task(thread, segment)
        self._process.stacks.see_served(segment)
        if segment.aimed:
            return
        segment.aimed = True
        if segment.polls:
            return
        if segment.kind == "off":
            segment.target = self._process.kernel.mapped_file()
            return
        reader = self._process.stacks.reader
        memory = reader.memory if reader is not None else None
        segment.target = self._process.targets.of_call(segment.call or "", segment.arguments, memory)
        if segment.call in syscalls.SLEEPS and reader is not None and self._process.runs_a_loop(thread):
            # A library sleeps again and again for one lock, which may be free by now.
            frames = segment.view.frames if segment.view is not None else ()
            stack_pointer = kernel_threads.parse_call(thread.raw).stack_pointer
            segment.contended = locks.contended(self._process.pid, memory, stack_pointer)
            if segment.contended is None and frames and thread.contended[0] == frames:
                segment.contended = thread.contended[1]
            thread.contended = frames, segment.contended

    def _waits_for_the_same(self, segment: Segment) -> bool:
        """Whether one thread has kept the GIL since another was seen to wait for it: then that waited all the while.

        It wakes now and then, to ask for it, and may stand in line for a CPU for that.
        """
        stacks = self._process.stacks
        with contextlib.suppress(OSError):
            if segment.switches is not None and stacks.holder() is not None and stacks.switches() == segment.switches:
                self._see_holder(segment)
                return True
        return False

    def _see_holder(self, segment: Segment) -> None:
        stacks, process = self._process.stacks, self._process
        segment.switches = stacks.switches()
        with contextlib.suppress(OSError):
            if (holder := stacks.holder()) is None:
                return
            state, tid = holder
            thread = process.threads.get(tid)
            view = stacks.view(thread) if thread is not None else None
            view = view or stacks.view_of_state(state)
            if view is None:
                return
            raw = thread.files.call() if thread is not None else kernel_threads.RUNNING
            waits = raw != kernel_threads.RUNNING and not raw.startswith(b"-1")
            waits = waits and stacks.holder() == holder  # else it has let go of it since, and waits as any other
            call = syscalls.name(kernel_threads.parse_call(raw).number) if waits else None
            work = process.work.get(tid)  # `to_thread(some C function)` has no frame of the user's in the worker
            asker = work.site if work is not None and not view.mine else None
            collects, asked = stacks.collects(view)
            held_by = tid, call, asker or view.site if asked or not collects else None
            segment.holders[held_by] += 1
            segment.kept_at[held_by] = view
            if collects:
                segment.collectors.add(held_by)

    def _runs_long(self, thread: WatchedThread, now: int) -> bool:
        if thread.open is None or thread.open.kind != "running":
            thread.runs_since = now
        return now - thread.runs_since > STEADY_NS

    def cut(self, thread: WatchedThread, at: int, *, by_itself: bool = True, has_run: int | None = None) -> None:
        """End the open segment at a moment, and go on from there.

        Args:
            thread: whose.
            at: when.
            by_itself: the thread noted that it ran then.
            has_run: how long it had been on a CPU by then, in all, where it noted that, too.
        """
        segment, thread.calm = thread.open, 0
        if segment is None or not segment.start < at:
            return
        if by_itself and at < thread.found:  # when it began was reckoned: it ran until then, and did this after
            ran, segment.start = Segment(segment.start, "running", work=segment.work), at
            self._process.judge.segment(self._process.pid, thread.tid, closed(ran, at))
            return
        with contextlib.suppress(OSError):  # how long it stood in line for a CPU is known only once it runs again
            times = by_then(thread, thread.files.times(), at, has_run)
            segment.cpu += times.run_ns - thread.times.run_ns
            segment.delay += times.delay_ns - thread.times.delay_ns
            thread.times = times
        if by_itself:
            rest, thread.raw = Segment(at, "running", work=segment.work), b""
        else:
            rest = Segment(
                at, segment.kind, segment.call, segment.arguments, view=segment.view, target=segment.target,
                gil=segment.gil, contended=segment.contended, work=segment.work, aimed=segment.aimed,
                alone=segment.alone, poller=segment.poller, asked=segment.asked, sought=segment.sought,
            )  # fmt: skip
        self._process.judge.segment(self._process.pid, thread.tid, closed(segment, at))
        thread.open, thread.found = rest, at


def _count_forked(thread: WatchedThread, segment: Segment) -> None:
    """Who starts a program waits until that runs: where the new process stood in line for a CPU, so did this thread."""
    if segment.call in syscalls.FORKS and (child := thread.files.newest_child()) is not None:
        segment.delay += child.delay_ns


def _is_in_poller(raw: bytes) -> bool:
    return raw != kernel_threads.RUNNING and syscalls.name(kernel_threads.parse_call(raw).number) in syscalls.POLLERS


def _look_up_anew(segment: Segment | None) -> None:
    """The same call with the same arguments may be for something else by now: descriptors' numbers are used again."""
    if segment is not None:
        segment.aimed, segment.target = False, None


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
