"""Whose line asks for work, as a code object's address and a line: told by looks at frames alone.

The innermost frame of the user's that lies above the running loop's own; else, in a task, the line that its coroutine
stands at, or the line that made the task (`gather(to_thread(f))` has no frame of the user's). Never a frame below the
loop: `asyncio.run(main())` asks for nothing.
"""

from __future__ import annotations

import sys
from _thread import get_ident  # the program may put greenlets in the place of threads
from types import CoroutineType

from .addresses import address
from .filenames import FOLDER, is_users

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType
    from typing import Any

Line = tuple[int, int]
NOBODY: Line = (0, 0)
MOST_FILENAMES = 4096
MOST_ORIGINS = 1 << 14
"""Of so many tasks it is kept where they were made; an address that is used again takes the place of what was there."""
CONTEXT_MANAGERS = "contextlib.py"
"""Whose frames may lie on both sides of a loop."""


class Askers:
    """Knows which frames are the user's, and which lie below a loop."""

    def __init__(self) -> None:
        """Know no loop yet."""
        self.are_heard = False
        """Whether the program would hear of a look at a frame: then there is none."""
        self._owners: dict[str, bool] = {}
        self._passed: set[str] = set()
        """Files that are neither the user's nor a loop's: a walk over frames is mostly over theirs."""
        self._of_loops: set[str] = set()
        self._loops: dict[int, tuple[int, dict[int, CodeType], Line]] = {}
        """Of each loop: its thread, the code of its own frames by address, the line that started it."""
        self._below: dict[int, dict[int, CodeType]] = {}
        """Of each thread in which loops run (one may be another's guest), those frames' code."""
        self._origins: dict[int, Line] = {}
        """Where tasks were made, by their addresses: a reference to a task, weak or not, could be seen."""
        self._current: list[Callable[[], Any]] = []

    def frame(self, above: int) -> FrameType | None:
        """Return the frame so far out from the caller's, or `None` where the look would be heard."""
        return None if self.are_heard else sys._getframe(above + 1)  # noqa: SLF001  the only way to it

    def tasks(self, current: Callable[[], Any]) -> None:
        """A library that has tasks is there; `current` returns the one that runs and its coroutine, or `None`."""
        self._current.append(current)

    def loop_runs(self, loop_id: int, frame: FrameType | None) -> None:
        """A loop begins to run in this thread; `frame` is the innermost of its own."""
        started, own = self.line(frame), dict[int, "CodeType"]()
        while frame is not None and not (own and self._is_users(frame.f_code.co_filename)):
            name = frame.f_code.co_filename
            if not name.endswith(CONTEXT_MANAGERS) and not name.startswith(FOLDER):
                own[address(frame.f_code)] = frame.f_code
                self._of_loops.add(name)
            frame = frame.f_back
        self._passed -= self._of_loops
        self._loops[loop_id] = get_ident(), own, started
        self._gather(get_ident())

    def loop_ends(self, loop_id: int) -> None:
        """It no longer runs."""
        if (loop := self._loops.pop(loop_id, None)) is not None:
            self._gather(loop[0])

    def _gather(self, thread: int) -> None:
        own = [own for where, own, _ in list(self._loops.values()) if where == thread]
        self._below[thread] = {address: code for each in own for address, code in each.items()}
        if not own:
            del self._below[thread]

    def line(self, frame: FrameType | None) -> Line:
        """Return whose line asks, from this frame outwards."""
        below, passed = self._below.get(get_ident(), {}), self._passed
        while frame is not None:
            code = frame.f_code
            if code.co_filename not in passed:
                if address(code) in below:
                    return NOBODY if self.are_heard else self._of_task()
                if self._is_users(code.co_filename):
                    return address(code), frame.f_lineno or 0
                self._pass_by(code.co_filename)
            frame = frame.f_back
        return NOBODY

    def _pass_by(self, filename: str) -> None:
        if filename not in self._of_loops:
            if len(self._passed) >= MOST_FILENAMES:
                self._passed.clear()
            self._passed.add(filename)

    def runs_here(self) -> bool:
        """Whether an event loop runs in this thread."""
        return get_ident() in self._below

    def above_loop(self, frame: FrameType | None) -> Iterator[FrameType]:
        """Yield the frames from this one outwards, as far as the running loop's own."""
        below = self._below.get(get_ident(), {})
        while frame is not None and address(frame.f_code) not in below:
            yield frame
            frame = frame.f_back

    def task_frame(self) -> FrameType | None:
        """Return where the running task's coroutine stands, if that is the user's."""
        return self._running()[1]

    def awaiting(self, coroutine: Any) -> Line:
        """Return the innermost line of the user's at which a coroutine, and those that it awaits, wait."""
        line = NOBODY
        while type(coroutine) is CoroutineType and not self.are_heard and (frame := coroutine.cr_frame) is not None:
            if self._is_users(frame.f_code.co_filename):
                line = address(frame.f_code), frame.f_lineno or 0
            coroutine = coroutine.cr_await
        return line

    def task_made(self, task: Any, coroutine: Any, frame: FrameType | None) -> None:
        """Keep where a task was made, from this frame, whose own code is a library's."""
        if self.are_heard:
            return
        code = coroutine.cr_code if type(coroutine) is CoroutineType else None
        origin = NOBODY if code is not None and self._is_users(code.co_filename) else self._origin(frame)
        if origin != NOBODY and len(self._origins) < MOST_ORIGINS:
            self._origins[address(task)] = origin
        else:
            self._origins.pop(address(task), None)

    def _origin(self, frame: FrameType | None) -> Line:
        origin = self.line(frame)
        if origin == NOBODY:  # the loop's own first task: it was made where the loop was started
            here = get_ident()
            return next((line for where, _, line in list(self._loops.values()) if where == here), NOBODY)
        return origin

    def _of_task(self) -> Line:
        task, frame = self._running()
        if frame is not None:
            return address(frame.f_code), frame.f_lineno or 0
        return self._origins.get(address(task), NOBODY)

    def _running(self) -> tuple[Any, FrameType | None]:
        """Return the task that runs in this thread, and its coroutine's frame, if that is the user's."""
        for current in self._current:
            found = current()
            if found is not None:
                task, coroutine = found
                frame = coroutine.cr_frame if type(coroutine) is CoroutineType else None
                return task, frame if frame is not None and self._is_users(frame.f_code.co_filename) else None
        return None, None

    def _is_users(self, filename: str) -> bool:
        mine = self._owners.get(filename)
        if mine is None:
            if len(self._owners) >= MOST_FILENAMES:  # a program that makes code makes names, too
                self._owners.clear()
            mine = self._owners[filename] = is_users(filename)
        return mine
