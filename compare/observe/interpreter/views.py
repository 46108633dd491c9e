"""What a Python stack tells: whose line it is at, whether an event loop or a pool lies below, and what they run.

Theory of operation. A stack is read from the bottom. First comes what is not this program's doing: in a forked child,
the parent's frames at the moment of the fork. Then comes machinery: the frame that makes an event loop's turns, or the
one that a pool's threads wait for work in. What stands above it is what the loop or the pool *runs*: a callback, a
task's step, a piece of work; nothing, while it is in its own code.

The machinery of asyncio, trio and the pools is known by the names in one table, `MACHINERY`: a frame of theirs says
nothing else of its nature. A loop that has no such frame is known by the agent's word, which tells how many frames lie
below it: uvloop, which is C; those that take the place of asyncio's own turn, such as nest_asyncio's.

The *site* is looked for above the machinery only, since a line below it is where the program waits for all that the
loop does: the innermost line that is the user's own; else an installed package's; else, where the loop does run
something, the standard library's. A line of no file (`<string>`) counts only where there is none of the user's in one.
Where no line of the user's is there, the task's coroutines may have one: `by_task` adds what `tasks` has read of them.

A *step* tells one callback, or step of a task, from the next; a *task* tells one from another over all its steps. Both
are made of addresses: of a handle, of a coroutine's frame, which lies on the heap, of a plain callback's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from compare.observe.interpreter import sites
from compare.results import Site, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compare.observe.interpreter.code_objects import Code
    from compare.observe.interpreter.stacks import Frame

FRAME_BYTES = 1 << 11
"""CPython keeps the frames of plain calls one right above the other, each smaller than this in an event loop's code."""
MOST_STACK = 64
"""A finding's stack has no more frames than this."""

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
TURN = "_run_once"
"""What a loop calls its turn that takes the place of asyncio's own."""


@dataclass(frozen=True, slots=True)
class View:
    """A stack, read.

    Attributes:
        site: the innermost line that is the user's own; else a library's; `None` where there is neither.
        mine: whether `site` is the user's own, and what runs.
        loop: whether an event loop's turn is on the stack.
        own: whether nothing runs above the loop's (or the pool's) own code.
        step: tells one callback or step of a task from another.
        task: tells one task from another, over all its steps; empty for a callback that is no task's.
        turn: the address of the frame that makes the loop's turns; 0 where there is none.
        library: whether it is in an event loop's or an async library's code, called by the user's or by none.
        pool: whether a pool's own code is on the stack.
        imports: whether a module is being imported.
        top: the innermost frame's address and line.
        anchor: the innermost frame that is not `selectors`: who calls, where it polls.
        frames: (address, line) of each, innermost first.
        stack: the frames of what runs, innermost first; of all, where there is no machinery.
        directory: what a relative file name is relative to.
        torn: whether frames between the innermost and the loop's are missing.
        doing: the task, or the plain callback, that the loop runs, where that was looked for.
    """

    site: Site | None
    mine: bool
    loop: bool
    own: bool
    step: tuple[int, ...]
    task: tuple[int, ...]
    turn: int
    library: bool
    pool: bool
    imports: bool
    top: tuple[int, int]
    anchor: tuple[int, int]
    frames: tuple[tuple[int, int], ...]
    stack: tuple[Frame, ...] = ()
    directory: str = os.sep
    torn: bool = False
    doing: Task | None = None

    def by_task(self, task: Task, awaits: Sequence[Frame]) -> View:
        """Return the view with the task that the loop runs, and the frames of its coroutines, innermost first.

        What the stack shows of them is there already; what it does not, a greenlet hides.
        """
        shown = {frame.address for frame in self.stack}
        hidden = [frame for frame in awaits if frame.address not in shown]
        stack = (*self.stack, *hidden)
        site, mine = _site(stack, self.directory, library=True)
        library = _in_library(stack)
        return replace(
            self, site=site, mine=mine, own=False, library=library, stack=stack, doing=_of_the_user(task, awaits)
        )

    def by_callback(self, named: Callable[[int], str | None]) -> View:
        """Return the view of what the loop runs, where that is no task: a callback, named by its outermost frame.

        One of C has no frame: `named` tells its name by the loop's handle.
        """
        called = [frame for frame in self.stack if not sites.is_loop_code(frame.code.filename)]
        if self.torn or not self.stack:
            return self
        name = _named(called[-1].code) if called else named(self.stack[-1].first_local)
        return replace(self, doing=Task(None, name)) if name else self

    def serving(self, frame: Frame, at: int) -> View:
        """Return the view with a function of the user's that frame number `at` of the stack works for."""
        stack = (*self.stack[: at + 1], frame, *self.stack[at + 1 :])
        doing = replace(self.doing, runs=frame.code.qualname) if self.doing is not None else None
        return replace(self, stack=stack, doing=doing)

    def in_poller(self) -> View:
        """Return the view of a loop that waits in its poller, whoever's frames call it."""
        return replace(self, own=True, mine=False, step=(), task=(), doing=None)

    def turns(self) -> list[Frame]:
        """Return the frames above the outermost loop that make another one's turns: trio's, where it is a guest."""
        return [frame for frame in self.stack if mark(frame.code.filename, frame.code.qualname) == "turn"]

    @property
    def in_handle(self) -> bool:
        """Whether one of asyncio's handles is on the stack: then what runs is not the loop itself."""
        return any(mark(frame.code.filename, frame.code.qualname) == "handle" for frame in self.stack)

    def within(self, task: Task, frame: int) -> View:
        """Return the view with the task that the loop runs, if the frame of its coroutine is on the stack."""
        shown = self.torn or any(each.address == frame for each in self.stack)
        return replace(self, doing=_of_the_user(task, self.stack)) if shown else self

    @property
    def in_no_file(self) -> bool:
        """Whether the line is one that was typed in, or made: there may be a better one."""
        return self.site is not None and self.site.file.startswith("<")

    def sites(self) -> tuple[Site, ...]:
        """Return the lines of the stack, innermost first."""
        return tuple(site_of(frame.code, frame.line, self.directory) for frame in self.stack[:MOST_STACK])


def view(  # noqa: PLR0913  what may be known beside the stack
    stack: Sequence[Frame],
    directory: str,
    depth: int | None = None,
    *,
    runners: bool = False,
    inherited: frozenset[int] | set[int] = frozenset(),
    torn: bool = False,
) -> View:
    """Read a stack.

    Args:
        stack: innermost frame first.
        directory: what a relative file name is relative to.
        depth: how many frames lie below the loop, where the agent told it.
        runners: whether to take `asyncio.Runner` for the caller of a loop that has no frames of its own.
        inherited: the addresses of frames that were there when the process was forked, and turn a loop of the parent's.
        torn: whether frames between the innermost and the loop's are missing.
    """
    frames = _since_the_fork(stack, inherited)
    machinery = _machinery(frames, depth, runners=runners)
    turn, handle = machinery.turn, machinery.handle
    runs = machinery.runs(frames, torn=torn)
    above = frames[: machinery.lowest] if machinery.lowest is not None else frames
    site, mine = _site(above, directory, library=turn is not None and bool(runs))
    anchor = next((frame for frame in frames if sites.module(frame.code.filename) != "selectors"), None)
    top = frames[0] if frames else None
    return View(
        site=site,
        mine=mine,
        loop=turn is not None,
        own=not runs if turn is not None else machinery.work is not None and not mine,
        step=_step(frames, runs, handle),
        task=() if torn else _task(frames, runs, handle),
        turn=frames[turn].address if turn is not None and turn < len(frames) else 0,
        library=_in_library(above if turn is not None else frames),
        pool=machinery.work is not None,
        imports=any(frame.code.filename.startswith("<frozen importlib") for frame in frames),
        top=(top.address, top.line) if top else (0, 0),
        anchor=(anchor.address, anchor.line) if anchor else (0, 0),
        frames=tuple((frame.address, frame.line) for frame in frames),
        stack=tuple(above),
        directory=directory,
        torn=torn,
    )


# --- the machinery ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def mark(filename: str, qualname: str) -> Mark:
    """Say which frame of a loop's or a pool's machinery this is, if it is one."""
    file = os.path.basename(filename)  # noqa: PTH119  in the sampler's path: no Path object
    return MACHINERY.get((sites.module(filename), file, qualname), "")


@dataclass(frozen=True, slots=True)
class _Machinery:
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


def _since_the_fork(stack: Sequence[Frame], inherited: frozenset[int] | set[int]) -> Sequence[Frame]:
    for index, frame in enumerate(stack):
        if frame.address in inherited or mark(frame.code.filename, frame.code.qualname) == "process":
            return stack[:index]
    return stack


def _machinery(frames: Sequence[Frame], depth: int | None, *, runners: bool) -> _Machinery:
    marks = [mark(frame.code.filename, frame.code.qualname) for frame in frames]
    turn = max((at for at, what in enumerate(marks) if what == "turn"), default=None)
    work = min((at for at, what in enumerate(marks) if what == "work"), default=None)
    named = turn is not None
    if turn is None and depth is not None and len(frames) >= depth:
        turn = len(frames) - depth  # the frame that called the loop
        if turn and frames[turn - 1].code.qualname.rpartition(".")[2] == TURN:
            turn -= 1
        # Whatever else stands below a handle is the loop's.
        turn = max((at + 1 for at, what in enumerate(marks[:turn]) if what == "handle"), default=turn)
    if turn is None and runners:
        turn = _runner(frames)
    handle = turn - 1 if turn and marks[turn - 1] == "handle" else None
    return _Machinery(turn, handle, work, named)


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


# --- what it runs ----------------------------------------------------------------------------------------------


def _task(frames: Sequence[Frame], runs: Sequence[Frame], handle: int | None) -> tuple[int, ...]:
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


def _step(frames: Sequence[Frame], runs: Sequence[Frame], handle: int | None) -> tuple[int, ...]:
    """Tell what the loop runs just now: a handle by itself, a task by its coroutine, a callback by its argument."""
    if not runs:
        return ()
    if handle is not None:
        return (frames[handle].first_local, frames[handle - 1].address if handle else 0)
    return _task(frames, runs, None) or (runs[-1].address, runs[-1].first_local)


def _in_library(frames: Sequence[Frame]) -> bool:
    index = next((at for at, frame in enumerate(frames) if sites.owner(frame.code.filename) == "user"), None)
    called = frames[: 1 if index is None else index][-1:]
    return bool(called) and sites.is_loop_code(called[0].code.filename)


# --- whose line it is at ---------------------------------------------------------------------------------------


def _site(frames: Sequence[Frame], directory: str, *, library: bool) -> tuple[Site | None, bool]:
    """The line, and whether it is the user's; `library`: the standard library's counts too, where there is none."""
    for found in (_in_a_file(frames), _in_no_file(frames)):
        if found is not None:
            return site_of(found.code, found.line, directory), True
    owners = ("package", "library") if library else ("package",)
    for owner in owners:
        for frame in frames:
            filename = frame.code.filename
            theirs = sites.owner(filename) == owner and not filename.startswith("<")
            if theirs and not sites.is_loop_code(filename):
                return site_of(frame.code, frame.line, directory), False
    return None, False


def is_mine(filename: str) -> bool:
    """Whether a file is the user's own, and a file."""
    return not filename.startswith("<") and sites.owner(filename) == "user"


def _in_a_file(frames: Sequence[Frame]) -> Frame | None:
    for frame in frames:
        if is_mine(frame.code.filename):
            return frame
    return None


def _in_no_file(frames: Sequence[Frame]) -> Frame | None:
    """A line that was typed in or given with `-c`; not what a library has made, which a library calls."""
    for at, frame in enumerate(frames):
        if frame.code.filename.startswith("<") and sites.owner(frame.code.filename) == "user":
            caller = frames[at + 1].code.filename if at + 1 < len(frames) else "<"
            typed = frame.code.qualname == "<module>" or sites.is_loop_code(caller)
            if typed or sites.owner(caller) == "user":
                return frame
    return None


def site_of(code: Code, line: int, directory: str) -> Site:
    """Return a line as a site; `directory` is what a relative file name is relative to."""
    filename = code.filename
    if not filename.startswith("<"):
        filename = os.path.normpath(os.path.join(directory, filename))  # noqa: PTH118
    return Site(printable(filename), line, printable(code.qualname), sites.owner(code.filename))


def _of_the_user(task: Task, frames: Sequence[Frame]) -> Task:
    """Name the outermost coroutine of the user's: a library's around it is the same in every task of that library."""
    mine = [frame.code.qualname for frame in frames if sites.owner(frame.code.filename) == "user"]
    return replace(task, runs=mine[-1]) if mine else task


def _named(code: Code) -> str:
    """Name a function as one would import it: `json.dumps`."""
    file = os.path.splitext(os.path.basename(code.filename))[0]  # noqa: PTH119, PTH122  see above
    return f"{sites.module(code.filename) or file}.{code.qualname}"


def printable(name: str) -> str:
    """Return a name with what no output can hold written as escapes: control characters, halves of surrogates."""
    if name.isprintable():
        return name
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
