"""What a Python stack tells: whose line it is at, whether an event loop or a pool lies below, and what they run.

A `View` is made of a stack alone: `machinery` finds the loop's or the pool's own frames in it, and `lines` the line of
what stands above them. What the stack does not show is added afterwards: the task and where its coroutines await, the
callback that has no frame, the function that a framework serves (`tasks`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, overload

from compare.observe.interpreter import lines, machinery, sites
from compare.results import Site, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compare.observe.interpreter.stacks import Frame

MOST_STACK = 64
"""A finding's stack has no more frames than this."""


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
        site, mine = lines.site(stack, self.directory, library=True)
        library = lines.in_library(stack)
        return replace(
            self, site=site, mine=mine, own=False, library=library, stack=stack, doing=lines.of_the_user(task, awaits)
        )

    def by_callback(self, named: Callable[[int], str | None]) -> View:
        """Return the view of what the loop runs, where that is no task: a callback, named by its outermost frame.

        One of C has no frame: `named` tells its name by the loop's handle.
        """
        called = [frame for frame in self.stack if not sites.is_loop_code(frame.code.filename)]
        if self.torn or not self.stack:
            return self
        name = lines.named(called[-1].code) if called else named(self.stack[-1].first_local)
        return replace(self, doing=Task(None, name)) if name else self

    def serving(self, frame: Frame, at: int) -> View:
        """Return the view with a function of the user's that frame number `at` of the stack works for."""
        stack = (*self.stack[: at + 1], frame, *self.stack[at + 1 :])
        doing = replace(self.doing, runs=frame.code.qualname) if self.doing is not None else None
        return replace(self, stack=stack, doing=doing)

    def in_poller(self) -> View:
        """Return the view of a loop that waits in its poller, whoever's frames call it."""
        return replace(self, own=True, mine=False, step=(), task=(), doing=None)

    @property
    def told_at(self) -> Frame | None:
        """The frame that `site` is of; `None` where that is the innermost one, or is hidden."""
        if self.site is None or not self.stack:
            return None
        where = self.site.line, self.site.function
        told = next((frame for frame in self.stack if (frame.line, frame.code.qualname) == where), None)
        return told if told is not self.stack[0] else None

    def turns(self) -> list[Frame]:
        """Return the frames above the outermost loop that make another one's turns: trio's, where it is a guest."""
        return machinery.turns(self.stack)

    @property
    def in_handle(self) -> bool:
        """Whether one of asyncio's handles is on the stack: then what runs is not the loop itself."""
        return any(machinery.mark(frame.code.filename, frame.code.qualname) == "handle" for frame in self.stack)

    def within(self, task: Task, frame: int) -> View:
        """Return the view with the task that the loop runs, if the frame of its coroutine is on the stack."""
        own = next((at for at, each in enumerate(self.stack) if each.address == frame), None)
        if own is None and not self.torn:
            return self
        # Below its own frame stands who started it: an eager task runs within another.
        stack = self.stack if own is None else self.stack[: own + 1]
        return replace(self, doing=lines.of_the_user(task, stack))

    def sites(self) -> tuple[Site, ...]:
        """Return the lines of the stack, innermost first."""
        return tuple(lines.site_of(frame.code, frame.line, self.directory) for frame in self.stack[:MOST_STACK])


@overload
def fuller(view: View, other: View | None) -> View: ...
@overload
def fuller(view: View | None, other: View | None) -> View | None: ...
def fuller(view: View | None, other: View | None) -> View | None:
    """Return the view of a wait, or another one's at its line that tells the task, where the first does not."""
    return view if view is not None and (other is None or view.doing is not None or other.doing is None) else other


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
    frames = machinery.since_the_fork(stack, inherited)
    if depth:  # it counts what was left out, too
        depth = max(depth - len(stack) + len(frames), 0)
    found = machinery.find(frames, depth, runners=runners)
    turn, handle = found.turn, found.handle
    runs = found.runs(frames, torn=torn)
    above = frames[: found.lowest] if found.lowest is not None else frames
    site, mine = lines.site(above, directory, library=turn is not None and bool(runs))
    anchor = next((frame for frame in frames if sites.module(frame.code.filename) != "selectors"), None)
    top = frames[0] if frames else None
    return View(
        site=site,
        mine=mine,
        loop=turn is not None,
        own=not runs if turn is not None else found.work is not None and not mine,
        step=machinery.step(frames, runs, handle),
        task=() if torn else machinery.task(frames, runs, handle),
        turn=frames[turn].address if turn is not None and turn < len(frames) else 0,
        library=lines.in_library(above if turn is not None else frames),
        pool=found.work is not None,
        imports=any(frame.code.filename.startswith("<frozen importlib") for frame in frames),
        top=(top.address, top.line) if top else (0, 0),
        anchor=(anchor.address, anchor.line) if anchor else (0, 0),
        frames=tuple((frame.address, frame.line) for frame in frames),
        stack=tuple(above),
        directory=directory,
        torn=torn,
    )
