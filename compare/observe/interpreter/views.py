"""What a Python stack tells: whose line it is at, whether an event loop or a pool lies below, and what they run.

An event loop is known by the frame that makes its turns, a pool by the frame that its threads wait for work in. What
stands above such a frame is what it runs: a callback, a task's step, a piece of work.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from compare.observe.interpreter import sites
from compare.results import Site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.observe.interpreter.code_objects import Code
    from compare.observe.interpreter.stacks import Frame

FRAME_BYTES = 1 << 11
"""CPython keeps the frames of plain calls one right above the other, each smaller than this in an event loop's code."""

Mark = Literal["turn", "handle", "work", "process", ""]


@dataclass(frozen=True, slots=True)
class View:
    """A stack, read.

    Attributes:
        site: the innermost line that is the user's own; else an installed package's; `None` where there is neither.
        mine: whether `site` is the user's own, and what runs: not only where the loop or the pool was started.
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
    """(address, line) of each, innermost first."""


@lru_cache(maxsize=8192)
def mark(filename: str, qualname: str) -> Mark:
    """Say which frame of a loop's or a pool's machinery this is, if it is one."""
    module, name = sites.module(filename), qualname.rpartition(".")[2]
    file = os.path.basename(filename)  # noqa: PTH119  in the sampler's path: no Path object
    if module == "asyncio" and name == "_run_once":
        return "turn"
    if module == "trio" and file == "_run.py" and qualname in {"run", "unrolled_run", "GuestState.guest_tick"}:
        return "turn"
    if module == "asyncio" and file == "events.py" and name == "_run":
        return "handle"
    if module == "multiprocessing" and name == "_bootstrap":
        return "process"
    works = {
        ("concurrent", "_worker"),
        ("concurrent", "_process_worker"),
        ("trio", "_work"),
        ("multiprocessing", "worker"),
    }
    if (module, name) in works or (module == "anyio" and qualname == "WorkerThread.run"):
        return "work"
    return ""


def view(  # noqa: C901, PLR0913  a stack has a loop or not, and a pool or not
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
        depth: how many frames lie below a loop that has none of its own.
        runners: whether to take `asyncio.Runner` for the caller of such a loop, where no agent told the depth.
        torn: whether frames between the innermost and the loop's are missing.
        inherited: the addresses of frames that were there when the process was forked, and turn a loop of the parent's.
    """
    frames = stack
    for index, frame in enumerate(stack):
        if frame.address in inherited:
            frames = stack[:index]
            break
        if mark(frame.code.filename, frame.code.qualname) == "process":
            frames = stack[:index]  # below: the parent's, at the moment of the fork
            break
    turn = handle = work = None
    for index in range(len(frames) - 1, -1, -1):
        what = mark(frames[index].code.filename, frames[index].code.qualname)
        if what == "turn" and turn is None:
            turn = index
        elif what == "handle" and turn is not None and handle is None and index == turn - 1:
            handle = index
        elif what == "work":
            work = index
    runs = _without_loop(frames[:turn]) if torn and turn is not None else _runs(frames, turn, handle)
    if turn is None and depth is not None and len(frames) >= depth:
        turn = len(frames) - depth  # uvloop has no frame of its own; the one that called it lies below
        runs = _without_loop(frames[:turn])
    if turn is None and runners and (found := _runner(frames)) is not None:
        turn = found
        runs = _without_loop(frames[:turn])
    above = frames[:turn] if turn is not None else frames if work is None else frames[:work]
    site, mine = _site(above, directory)
    if turn is not None and not mine:
        below, known = _site(frames[turn:], directory)
        site = below if known else site
    anchor = next((frame for frame in frames if sites.module(frame.code.filename) != "selectors"), None)
    top = frames[0] if frames else None
    return View(
        site=site,
        mine=mine,
        loop=turn is not None,
        own=not runs if turn is not None else work is not None and not mine,
        step=_step(frames, runs, handle),
        task=() if torn else _task(frames, runs, handle),
        turn=frames[turn].address if turn is not None and turn < len(frames) else 0,
        library=_in_library(frames),
        pool=work is not None,
        imports=any(frame.code.filename.startswith("<frozen importlib") for frame in frames),
        top=(top.address, top.line) if top else (0, 0),
        anchor=(anchor.address, anchor.line) if anchor else (0, 0),
        frames=tuple((frame.address, frame.line) for frame in frames),
    )


def _runner(frames: Sequence[Frame]) -> int | None:
    for index, frame in enumerate(frames):
        file = os.path.basename(frame.code.filename)  # noqa: PTH119  see above
        if file == "runners.py" and sites.module(frame.code.filename) == "asyncio":
            return index
    return None


def _runs(frames: Sequence[Frame], turn: int | None, handle: int | None) -> Sequence[Frame]:
    """The frames of what a loop runs, down to the outermost; none while it is in its own code."""
    if turn is None:
        return ()
    if handle is not None:
        return frames[: handle + 1]
    if sites.module(frames[turn].code.filename) == "asyncio":
        return ()  # its selector, whosever that is
    return _without_loop(frames[:turn])


def _without_loop(frames: Sequence[Frame]) -> Sequence[Frame]:
    """Leave out the loop's own frames at the bottom."""
    count = len(frames)
    while count and sites.is_loop_code(frames[count - 1].code.filename):
        count -= 1
    return frames[:count]


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


def _site(frames: Sequence[Frame], directory: str) -> tuple[Site | None, bool]:
    package = None
    for frame in frames:
        whose = sites.owner(frame.code.filename)
        if whose == "user":
            return site_of(frame.code, frame.line, directory), True
        if whose == "package" and package is None and not sites.is_loop_code(frame.code.filename):
            package = frame
    return (site_of(package.code, package.line, directory), False) if package else (None, False)


def site_of(code: Code, line: int, directory: str) -> Site:
    """Return a line as a site; `directory` is what a relative file name is relative to."""
    filename = code.filename
    if not filename.startswith("<"):
        filename = os.path.normpath(os.path.join(directory, filename))  # noqa: PTH118
    return Site(filename, line, code.qualname)
