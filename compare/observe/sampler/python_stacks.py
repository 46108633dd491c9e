"""The Python side of a watched process: its interpreter, found and found again, and its threads' stacks, read.

A thread that runs changes its stack while it is read. So what lies below a loop is remembered, and what does not fit
is dropped.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from compare.observe.interpreter import lines, machinery
from compare.observe.interpreter import views as stacks
from compare.observe.interpreter.at_hand import AtHand
from compare.observe.interpreter.garbage import Collecting, Collector
from compare.observe.interpreter.libuv_turns import LibuvTurns
from compare.observe.interpreter.memory import Unreadable
from compare.observe.interpreter.stacks import GIL_BYTES, Reader
from compare.observe.interpreter.tasks import Tasks
from compare.observe.interpreter.turn_times import TurnTimes
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compare.observe.interpreter.layout import Layout
    from compare.observe.interpreter.stacks import Frame
    from compare.observe.interpreter.tasks import Running
    from compare.observe.interpreter.views import View
    from compare.observe.judge.segments import Segment
    from compare.observe.kernel import threads as kernel_threads
    from compare.observe.sampler.failures import Failures
    from compare.observe.sampler.watched_thread import WatchedThread

ASYNCIO, TRIO = 1, 3
"""The families of asyncio's own loops and of trio's, in the agent's `LOOP_RUNS`."""
SWITCHES = 24
"""Behind what the GIL's holder is read from, CPython 3.11 to 3.15 counts how often the GIL was taken by another."""
ATTACH_NS = 2_000_000
"""How often it is tried to find the interpreter."""
MOST_FAILURES = 20
"""After how many stacks that can't be read it is looked for again."""
DOUBT_NS = 50_000_000
"""How long a code object that was read is taken to be there still."""
SERVED_NS = 8_000_000
"""How long a library's code runs in a task before it is looked up for whom: that takes a while."""


class PythonStacks:
    """Reads the Python stacks of one process."""

    def __init__(
        self, pid: int, layout: Layout | None, now: int, failed: Failures, runs_a_loop: Callable[[WatchedThread], bool]
    ) -> None:
        """Find the interpreter; `runs_a_loop` tells of a thread whether an event loop turns in it."""
        self.pid = pid
        self.reader: Reader | None = None
        self.tasks: Tasks | None = None
        self.at_hand: AtHand | None = None
        self.collector: Collector | None = None
        self.turn_times: TurnTimes | None = None
        self.libuv_turns: LibuvTurns | None = None
        self.unreadable: str | None = None
        self.directory = "/"
        self.gil: int | None = None
        self.agent = False
        """Whether an agent tells which loops run, from when they begin."""
        self.turns: set[int] = set()
        """The frames that were seen to make a loop's turns."""
        self.inherited: set[int] = set()
        """Those of the process that this one was forked from."""
        self._layout, self._began, self._failed, self._runs_a_loop = layout, now, failed, runs_a_loop
        self._attached = self._doubted = self._failures = 0
        self._was_read = False
        self.attach()

    def attach(self, now: int = 0) -> bool:
        """(Again) find the interpreter: after the start, and after an `exec`; returns whether it was looked for."""
        if self.reader is not None and now - self._doubted > DOUBT_NS:
            self._doubted = now
            self.reader.doubt()
        if self._layout is None or (now and now - self._attached < ATTACH_NS):
            return False
        if now and self.reader is not None and self._failures < MOST_FAILURES:
            return False
        self._attached, self._failures = now or self._began, 0
        with contextlib.suppress(OSError):
            self.directory = os.readlink(f"/proc/{self.pid}/cwd")  # noqa: PTH115
        if self.reader is not None:
            self.reader.close()
            self.reader = None
        try:
            self.reader = Reader(self.pid, self._layout)
            inside = self._layout.inside
            self.tasks = Tasks(self.reader, inside) if inside is not None else None
            self.at_hand = AtHand(self.reader, inside) if inside is not None else None
            self.collector = Collector(self.reader, inside) if inside is not None else None
            self.turn_times = TurnTimes(self.reader, inside) if inside is not None else None
            self.libuv_turns = LibuvTurns(self.pid, self.reader, inside) if inside is not None else None
            self.gil, self.unreadable = self.reader.gil(), None
            self._was_read = True
        except (Unreadable, OSError) as error:
            self.unreadable = None if self._was_read else str(error)
        return True

    def waits_for_gil(self, call: kernel_threads.Call) -> bool:
        """Whether a call is CPython's wait for its GIL: on a word inside the GIL's own structure."""
        if self.gil is None or syscalls.name(call.number) != "futex":
            return False
        return 0 <= call.arguments[0] - self.gil < GIL_BYTES

    def view(self, thread: WatchedThread) -> View | None:
        """Read a thread's stack; `None` where that can't be done, or it changed meanwhile."""
        if self.reader is None or not thread.python:
            return None
        try:
            return self._read_view(thread, self.reader)
        except OSError:
            self._failures += 1
        except Exception as error:  # noqa: BLE001  a stack that changed while it was read may hold anything
            self._failed.note(error)
        return None

    def _read_view(self, thread: WatchedThread, reader: Reader) -> View | None:
        frames = reader.stack(thread.python, below=thread.below)
        if not frames:
            return self._view_of_no_frames(thread)
        if reader.is_whole and any(
            each.address == frame.address for each in thread.below[-1:] for frame in frames[:-1]
        ):
            thread.below = ()  # it was read while it changed, and its outermost frames are missing
        # A greenlet has a stack of its own.
        whole = reader.is_whole and (not thread.below or frames[-1].address == thread.below[-1].address)
        depth = thread.loop[2] if thread.loop is not None and thread.loop[1] != TRIO and whole else None
        known, known_depth, seen = thread.before
        if seen is not None and depth == known_depth and frames == known:  # most often: a loop in its poller
            view = seen
        else:
            view = stacks.view(frames, self.directory, depth, runners=not self.agent, inherited=self.inherited)
            thread.before = frames, depth, view
        stays = thread.loop is not None and (thread.loop[1] != TRIO or _runs_to_its_end(thread.below))
        stays = stays or (not whole and self._runs_a_loop(thread))
        if stays and not view.loop:  # the loop that runs is not on the stack: it went on while we read
            if not thread.below:
                return None
            return self._with_task(thread, self._torn(thread, frames))
        if view.turn:
            self.turns.add(view.turn)
            if reader.is_whole and not _lies_below(thread.below, frames, view.turn):
                thread.below = tuple(frames[next(at for at, each in enumerate(frames) if each.address == view.turn) :])
                self.turns.update(frame.address for frame in machinery.turns(frames))
                if thread.loop is None and not machinery.turns(thread.below[:1]):
                    self._another_began(thread, thread.below[0], time.monotonic_ns())  # later looks compare with it
        return view

    def _torn(self, thread: WatchedThread, frames: Sequence[Frame]) -> View:
        depth = thread.loop[2] if thread.loop is not None and thread.loop[1] != TRIO else None
        known = {frame.address for frame in thread.below}  # between two turns only what lies below the loop is read
        above = [frame for frame in frames if frame.address not in known]
        return stacks.view([*above, *thread.below], self.directory, depth, torn=True)

    def _view_of_no_frames(self, thread: WatchedThread) -> View | None:
        """A greenlet that runs a function of C has no frame at all: it is where the loop's task has switched to it."""
        if not thread.below or not self._runs_a_loop(thread):
            return None
        view = self._with_task(thread, self._torn(thread, ()))
        return view if view.doing is not None else None

    def _with_task(self, thread: WatchedThread, view: View) -> View:
        """Where a greenlet hides whose line it is, the coroutines of the task may tell; else all are on the stack."""
        if self.tasks is None or not view.loop:
            return view
        running = self._running(thread, view)
        if running is None:
            return view
        coroutine, awaits = thread.hidden
        if coroutine != running.coroutine or not self.tasks.stay(awaits):
            awaits = self.tasks.awaits(running)
            thread.hidden = running.coroutine, awaits
        return view.by_task(running.task, awaits)

    def new_turn(self, thread: WatchedThread, now: int) -> int | None:
        """Return when the turn of a thread's loop began, if that is another than at the last look and can be read.

        Of a loop of another kind than asyncio's that an agent pings, the pings tell.
        """
        if not thread.below or (thread.loop is not None and thread.loop[1] != ASYNCIO):
            return None
        began = self._another_began(thread, thread.below[0], now)
        if began is not None:
            thread.came_round = began
        return began

    def turn_began(self, thread: WatchedThread, now: int) -> int | None:
        """Return when the turn of a thread's loop began that goes on, by the loop's own time; `None`: not known."""
        if self.turn_times is None or not thread.below:
            return None
        began = self.turn_times.began(thread.below[0], thread.came_round - 1, now)  # asked again, it is the same
        if began is not None:
            thread.came_round = began
        return began

    def _another_began(self, thread: WatchedThread, turn: Frame, now: int) -> int | None:
        if self.turn_times is None or self.libuv_turns is None:
            return None
        if thread.loop is not None or machinery.turns([turn]):
            return self.turn_times.began(turn, thread.came_round, now)
        return self.libuv_turns.began(turn, now)

    @property
    def turns_are_untold(self) -> bool:
        """Whether a loop was seen whose turns could not be told apart from outside."""
        return self.libuv_turns is not None and self.libuv_turns.are_untold

    def see_task(self, thread: WatchedThread, segment: Segment) -> None:
        """A stretch that has lasted: in which task it is."""
        view = segment.view
        if segment.asked or view is None or not view.loop or view.own or self.tasks is None:
            return
        segment.asked = True
        if view.doing is None:
            running = self._running(thread, view)
            segment.view = (
                view.by_callback(self.tasks.callback) if running is None else view.within(running.task, running.frame)
            )

    def see_served(self, segment: Segment) -> None:
        """A stretch that has lasted in a library's code: for which function of the user's, say an endpoint, it is."""
        view = segment.view
        if segment.sought or view is None or view.mine or view.own or view.doing is None or self.tasks is None:
            return
        if view.doing.name is not None and time.monotonic_ns() - segment.start > SERVED_NS:
            segment.sought = True
            if (found := self.tasks.serves(view.stack, lines.is_mine)) is not None:
                segment.view = view.serving(found[1], found[0])

    def _running(self, thread: WatchedThread, view: View) -> Running | None:
        if self.tasks is None:
            return None
        loop, family, _ = thread.loop or (None, TRIO, 0)
        # Of all but asyncio's loops the task is looked for in the loop's own frames.
        turns = (*view.turns(), *thread.below[:1]) if family == TRIO else ()
        return self.tasks.running(thread.python, loop, turns, time.monotonic_ns())

    def runs_nothing(self, thread: WatchedThread, view: View) -> bool:
        """Whether a loop that runs asyncio's handles, by code of whomever, has none at work, and no task."""
        return (
            thread.loop is not None
            and thread.loop[1] == ASYNCIO
            and not view.in_handle
            and self._running(thread, view) is None
        )

    def collecting(self, thread: WatchedThread, view: View | None) -> Collecting | None:
        """Whether it is this thread that collects garbage now: the one that has the GIL."""
        if self.collector is None or self.reader is None or self.gil is None:
            return None
        with contextlib.suppress(OSError):
            if self.collector.collects() and self.reader.memory.pointer(self.gil + 8) == thread.python:
                asked = view is not None and self.tasks is not None and self.tasks.calls(view.stack[:1], "gc.collect")
                return Collecting(self.collector.counts(), asked=asked)
        return None

    def still_collects(self, collecting: Collecting | None) -> bool:
        """Whether no collection has ended since this one was seen first: then it is the same one."""
        if collecting is None or self.collector is None or not collecting.before:
            return False
        with contextlib.suppress(OSError):
            return self.collector.collects() and self.collector.counts() == collecting.before
        return False

    def has_at_hand(self, view: View, descriptors: frozenset[int]) -> bool:
        """Whether what runs asks one of these descriptors for something."""
        if self.at_hand is None or not view.frames:
            return False
        with contextlib.suppress(OSError):
            return self.at_hand.asks(view.frames[0][0], descriptors)
        return False

    def collects(self, view: View) -> tuple[bool, bool]:
        """Say whether garbage is collected now, and whether the code of this stack has asked for it."""
        collects = self.collector is not None and self.collector.collects()
        return collects, collects and self.tasks is not None and self.tasks.calls(view.stack[:1], "gc.collect")

    def see_collected(self, collecting: Collecting | None, since: Collecting | None) -> None:
        """What it was that has ended; `since`: what is under way now."""
        if collecting is None or self.collector is None:
            return
        with contextlib.suppress(OSError):
            collecting.ended(since.before if since is not None else self.collector.counts())

    def stands_at(self, thread: WatchedThread, view: View) -> bool:
        """Whether a thread is at the line of a view, and that was called at the line that the view is told as."""
        if self.reader is None or not thread.python:
            return view.top == (0, 0)
        try:
            (top,) = self.reader.stack(thread.python, 1)
            if (top.address, top.line) != view.top:
                return False
            told = view.told_at
            caller = self.reader.frame(told.address) if told is not None else None
        except (OSError, ValueError):
            return False
        return told is None or (caller is not None and (caller.code, caller.line) == (told.code, told.line))

    def name_states(self, threads: dict[int, WatchedThread]) -> None:
        """Tell each thread where the interpreter keeps its state."""
        known = 0
        with contextlib.suppress(OSError):
            for found in self.reader.threads() if self.reader is not None else ():
                if (thread := threads.get(found.native_id)) is not None:
                    thread.python = found.state
                    known += 1
        if not known:  # what we read was the parent's, before the `exec`
            self._failures += MOST_FAILURES

    def holder(self) -> tuple[int, int] | None:
        """Return who has the GIL: the address of its state, and the kernel's id of the thread."""
        if self.reader is None or self.gil is None:
            return None
        words = self.reader.memory.read(self.gil + 8, 12)
        state, locked = int.from_bytes(words[:8], "little"), int.from_bytes(words[8:], "little")
        return (state, self.reader.native_id(state)) if state and locked else None

    def switches(self) -> int | None:
        """Return how often the GIL went from one thread to another; `None` where that can't be read."""
        if self.reader is None or self.gil is None:
            return None
        with contextlib.suppress(OSError):
            return self.reader.memory.pointer(self.gil + SWITCHES)
        return None

    def view_of_state(self, state: int) -> View | None:
        """Read the stack of a thread that is not watched, by its state's address."""
        return stacks.view(self.reader.stack(state), self.directory) if self.reader is not None else None

    def close(self) -> None:
        """Let the process go."""
        if self.reader is not None:
            self.reader.close()


def _lies_below(below: Sequence[Frame], frames: Sequence[Frame], turn: int) -> bool:
    """Whether what is remembered of a loop's frames is still what lies at the bottom of a stack."""
    return 0 < len(below) <= len(frames) and below[0].address == turn and frames[-len(below)] == below[0]


def _runs_to_its_end(below: Sequence[Frame]) -> bool:
    """Whether the frame of a loop of trio's is there for the whole run: it is not where trio is a guest."""
    return bool(below) and below[0].code.qualname == "run"
