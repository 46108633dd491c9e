"""Between two turns a loop's own code runs, and nothing of the user's: what lies below the loop is no site."""

from __future__ import annotations

import asyncio.base_events
import asyncio.runners
from types import SimpleNamespace
from typing import Any

from compare.observe.interpreter import views
from compare.observe.interpreter.code_objects import Code
from compare.observe.interpreter.stacks import Frame
from compare.observe.sampler.python_stacks import PythonStacks
from compare.results import Task

ASYNCIO = asyncio.base_events.__file__


def _frame(filename: str, qualname: str, address: int) -> Frame:
    return Frame(Code(filename, qualname, 1, ()), 1, address, 0, address - 100)


TURN = _frame(ASYNCIO, "BaseEventLoop._run_once", 300)
FOREVER = _frame(ASYNCIO, "BaseEventLoop.run_forever", 200)
USERS = _frame("/app.py", "main", 100)
CALLBACK = _frame("/app.py", "callback", 400)


def _view(*read: Frame) -> Any:
    stacks: Any = object.__new__(PythonStacks)
    stacks.directory = "/"
    thread: Any = SimpleNamespace(loop=(1, 1, 2), below=(TURN, FOREVER, USERS))
    return stacks._torn(thread, read)


def test_what_lies_below_the_loop_is_not_above_it() -> None:
    view = _view(FOREVER, USERS)
    assert (view.loop, view.own, view.mine) == (True, True, False)
    assert view.site is None or view.site.file != "/app.py"


def test_what_is_read_above_the_loop_is() -> None:
    view = _view(CALLBACK)
    assert (view.loop, view.own) == (True, False)
    assert view.site.function == "callback"


def test_an_eager_task_is_named_by_its_own_coroutine_and_not_by_whose_step_it_runs_in() -> None:
    eager, starts = _frame("/app.py", "eager", 500), _frame("/app.py", "main", 100)
    view = views.view([CALLBACK, eager, starts, TURN, FOREVER], "/")
    doing = view.within(Task("Task-2", "eager"), eager.address).doing
    assert doing is not None
    assert (doing.name, doing.runs) == ("Task-2", "eager")


def _read(*frames: Frame, loop: tuple[int, int, int], below: tuple[Frame, ...] = (), is_whole: bool = True) -> Any:
    """Read a thread's stack; returns the view, and what is remembered of what lies below the loop."""
    stacks: Any = object.__new__(PythonStacks)
    stacks.directory, stacks.agent, stacks.inherited, stacks.turns = "/", True, set(), set()
    reader: Any = SimpleNamespace(stack=lambda *_, **__: list(frames), is_whole=is_whole)
    thread: Any = SimpleNamespace(loop=loop, below=below, before=([], None, None), python=1)
    return stacks._read_view(thread, reader), thread.below


RUNNER = _frame(asyncio.runners.__file__, "Runner.run", 200)


def test_a_stack_that_was_read_without_its_outermost_frames_is_not_remembered() -> None:
    """A loop without frames of its own is known by how many lie below it."""
    view, below = _read(RUNNER, USERS, loop=(1, 2, 2), below=(RUNNER,))
    assert (view.loop, view.own) == (True, True)
    assert below == (RUNNER, USERS)


def test_half_a_stack_is_not_remembered() -> None:
    view, below = _read(CALLBACK, TURN, FOREVER, loop=(1, 1, 3), is_whole=False)
    assert view.loop
    assert below == ()
    assert _read(CALLBACK, TURN, FOREVER, USERS, loop=(1, 1, 3))[1] == (TURN, FOREVER, USERS)


def test_a_stack_that_is_as_it_was_is_not_read_anew_and_another_is() -> None:
    stacks: Any = object.__new__(PythonStacks)
    stacks.directory, stacks.agent, stacks.inherited, stacks.turns = "/", True, set(), set()
    frames = [RUNNER, USERS]
    reader: Any = SimpleNamespace(stack=lambda *_, **__: list(frames), is_whole=True)
    thread: Any = SimpleNamespace(loop=(1, 2, 2), below=(), before=([], None, None), python=1)
    first = stacks._read_view(thread, reader)
    assert stacks._read_view(thread, reader) is first
    thread.loop = (1, 2, 1)  # another loop, of which more lies above
    other = stacks._read_view(thread, reader)
    assert other is not None
    assert other is not first
    frames.insert(0, _frame("/users/own.py", "own", 300))
    above = stacks._read_view(thread, reader)
    assert above is not None
    assert above.site is not None
    assert above.site.function == "own"
