"""What a stack has of an event loop's or a pool's own frames, and what stands above them: what these run.

A stack is read from the bottom. First comes what is not this program's doing: in a forked child, the parent's frames at
the moment of the fork. Then comes machinery: the frame that makes an event loop's turns, or the one that a pool's
threads wait for work in. What stands above it is what the loop or the pool *runs*: a callback, a task's step, a piece
of work; nothing, while it is in its own code.

The machinery of asyncio, trio and the pools is known by the names in one table, `MACHINERY`: a frame of theirs says
nothing else of its nature. A loop that has no such frame is known by the agent's word, which tells how many frames lie
below it: uvloop, which is C; those that take the place of asyncio's own turn, such as nest_asyncio's.

A *step* tells one callback, or step of a task, from the next; a *task* tells one from another over all its steps. Both
are made of addresses: of a handle, of a coroutine's frame, which lies on the heap, of a plain callback's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from compare.observe.interpreter import sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.observe.interpreter.stacks import Frame

FRAME_BYTES = 1 << 11
"""CPython keeps the frames of plain calls one right above the other, each smaller than this in an event loop's code."""

Mark = Literal["turn", "handle", "work", "process", ""]

MACHINERY: dict[tuple[str, str, str], Mark] = {
    ("asyncio", "base_events.py", "BaseEventLoop._run_once"): "turn",
    ("asyncio", "events.py", "Handle._run"): "handle",
    ("trio", "_run.py", "run"): "turn",
    ("trio", "_run.py", "unrolled_run"): "turn",
    ("trio", "_run.py", "GuestState.guest_tick"): "turn",
    ("concurrent", "thread.py", "_worker"): "work",
    ("concurrent", "process.py", "_process_worker"): "work",
    ("trio", "_thread_cache.py", "WorkerThread._work"): "work",
    ("anyio", "_asyncio.py", "WorkerThread.run"): "work",
    ("multiprocessing", "pool.py", "worker"): "work",
    ("multiprocessing", "process.py", "BaseProcess._bootstrap"): "process",
}
"""By a library's top-level module, file and function: what makes a loop's turns, runs one of its handles, has a pool's
thread work; `process`: below it lies the parent's stack, as it was when it forked."""
_POOLS = {(module, file) for (module, file, _), what in MACHINERY.items() if what == "work"}
TURN = "_run_once"
"""What a loop calls its turn that takes the place of asyncio's own."""


@lru_cache(maxsize=8192)
def mark(filename: str, qualname: str) -> Mark:
    """Say which frame of a loop's or a pool's machinery this is, if it is one."""
    file = os.path.basename(filename)  # noqa: PTH119  in the sampler's path: no Path object
    return MACHINERY.get((sites.module(filename), file, qualname), "")


def joins_a_pool(stack: Sequence[Frame]) -> bool:
    """Whether a pool's own code waits for the end of one of its threads."""
    filenames = [frame.code.filename for frame in stack]
    joins = _does(stack, "Thread.join")
    return joins and any((sites.module(each), os.path.basename(each)) in _POOLS for each in filenames)  # noqa: PTH119  see above


def starts_a_thread(stack: Sequence[Frame]) -> bool:
    """Whether a thread is being started: whoever starts it waits until it has begun to run."""
    return _does(stack, "Thread.start")


def _does(stack: Sequence[Frame], what: str) -> bool:
    """Whether a function of the `threading` module's is on the stack."""
    return any(frame.code.qualname == what and sites.module(frame.code.filename) == "threading" for frame in stack)


def is_trios_run(frame: Frame) -> bool:
    """Whether a frame is that of a whole run of trio's, which has the runner among its locals."""
    code = frame.code
    return code.qualname == "run" and mark(code.filename, code.qualname) == "turn"


@dataclass(frozen=True, slots=True)
class Machinery:
    """Where on a stack it stands: indices of frames, innermost 0.

    `named`: whether the loop's turn is a frame of its own, and not only the caller of one that has none.
    """

    turn: int | None
    handle: int | None
    work: int | None
    named: bool

    @property
    def lowest(self) -> int | None:
        """Above which frame lies what runs."""
        return self.turn if self.turn is not None else self.work

    def runs(self, frames: Sequence[Frame], *, torn: bool) -> Sequence[Frame]:
        """The frames of what a loop runs, down to the outermost; none while it is in its own code."""
        if self.turn is None:
            return ()
        if not torn and self.handle is not None:
            return frames[: self.handle + 1]
        if not torn and self.named and sites.module(frames[self.turn].code.filename) == "asyncio":
            return ()  # its selector, whosever that is
        return _without_loop(frames[: self.turn])


def since_the_fork(stack: Sequence[Frame], inherited: frozenset[int] | set[int]) -> Sequence[Frame]:
    """Leave out what a forked child has of its parent's stack; `inherited`: the parent's frames that turned a loop."""
    for index, frame in enumerate(stack):
        if frame.address in inherited or mark(frame.code.filename, frame.code.qualname) == "process":
            return stack[:index]
    return stack


def turns(frames: Sequence[Frame]) -> list[Frame]:
    """Return the frames that make a loop's turns; there are several where loops run within loops, and of trio."""
    return [frame for frame in frames if mark(frame.code.filename, frame.code.qualname) == "turn"]


def find(frames: Sequence[Frame], depth: int | None, *, runners: bool) -> Machinery:
    """Find the machinery in a stack; `depth` and `runners` as `views.view` has them."""
    marks = [mark(frame.code.filename, frame.code.qualname) for frame in frames]
    turn = max((at for at, what in enumerate(marks) if what == "turn"), default=None)
    work = min((at for at, what in enumerate(marks) if what == "work"), default=None)
    named = turn is not None
    if turn is None and depth is not None and len(frames) >= depth:
        turn = _turn_by_depth(frames, marks, depth)
    if turn is None and runners:
        turn = _runner(frames)
    handle = turn - 1 if turn and marks[turn - 1] == "handle" else None
    return Machinery(turn, handle, work, named)


def _turn_by_depth(frames: Sequence[Frame], marks: Sequence[Mark], depth: int) -> int | None:
    """Find the turn of a loop that the table does not know; `None` between two turns of one that has a frame for each.

    `depth`: how many frames lie below the loop; 0 where it was not counted, as its turn has a frame of its own.
    """
    above = frames[: len(frames) - depth]
    # Whatever else stands below a handle is the loop's.
    handle = max((at + 1 for at, what in enumerate(marks[: len(above)]) if what == "handle"), default=None)
    if handle is not None:
        return handle
    first = len(above) - 1 if depth else 0  # a counted loop has called its turn itself, if it has a frame for that
    own = (at for at, frame in enumerate(above) if at >= first and _is_turn(frame))
    return max(own, default=len(above) if depth else None)


def _is_turn(frame: Frame) -> bool:
    return frame.code.qualname.rpartition(".")[2] == TURN


def _runner(frames: Sequence[Frame]) -> int | None:
    for index, frame in enumerate(frames):
        file = os.path.basename(frame.code.filename)  # noqa: PTH119  see above
        if file == "runners.py" and sites.module(frame.code.filename) == "asyncio":
            return index
    return None


def _without_loop(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Leave out the loop's own frames at the bottom."""
    count = len(frames)
    while count and sites.is_loop_code(frames[count - 1].code.filename):
        count -= 1
    return frames[:count]


def task(frames: Sequence[Frame], runs: Sequence[Frame], handle: int | None) -> tuple[int, ...]:
    """Tell the task: its coroutine's frame is kept on the heap, and a plain callback's lies above its caller's."""
    count = len(runs) if handle is None else handle
    if not count:
        return ()
    outermost = frames[count - 1]
    caller = frames[count] if count < len(frames) else None
    # Trio's caller is a generator, on the heap itself; and trio runs nothing but tasks.
    plain = caller is not None and sites.module(caller.code.filename) != "trio"
    if plain and caller is not None and 0 < outermost.address - caller.address < FRAME_BYTES:
        return ()
    return (outermost.address,)


def step(frames: Sequence[Frame], runs: Sequence[Frame], handle: int | None) -> tuple[int, ...]:
    """Tell what the loop runs just now: a handle by itself, a task by its coroutine, a callback by its argument."""
    if not runs:
        return ()
    if handle is not None:
        return (frames[handle].first_local, frames[handle - 1].address if handle else 0)
    return task(frames, runs, None) or (runs[-1].address, runs[-1].first_local)
