"""Futures that another thread completes: when each was made, and at which line it is awaited.

A thread that a library makes for itself hands a result to the loop by `call_soon_threadsafe`, with a future: as what is
called, as its argument, or in its closure. What stood in that thread's queue until then is told by when the future was
made, and by how much more there is in the queue, where one of the thread's functions knows it by a name. When one is
made is noted of all that `create_future` makes, so in as few steps as can be; and of a program that makes many, and has
no thread that could complete one, no longer until such a thread begins.
"""

from __future__ import annotations

import functools
import itertools
import sys
from _thread import get_ident
from types import BuiltinMethodType, FunctionType, MethodType

from ..addresses import address
from ..askers import NOBODY
from ..channel import Kind
from ..clock import now
from ..guard import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

    from ..askers import Line
    from ..notes import Agent

MODULE = "asyncio.base_events"
LOST = "what is queued for threads that libraries make for themselves"
MOST_FUTURES = 1 << 16
"""Of so many it is kept when they were made; an address that is used again takes the place of what was there."""
MANY = 1 << 12
"""How many a program makes before it is left alone with that, if no thread of its own is there."""
MOST_ARGUMENTS = 4
MOST_FRAMES = 4
"""How far out a thread's queue is looked for."""
LOOKS_NS = 1_000_000
"""How often, at the most: what follows sooner did not wait for longer."""
MOST_QUEUED = 1 << 30
METHODS = BuiltinMethodType, MethodType
KEEPS_LOCALS = sys.version_info < (3, 13)
OPTIMIZED = 1
"""`inspect.CO_OPTIMIZED`: it is a function, whose `f_locals` is a copy."""
OURS_ALONE = 3
"""References to such a copy: the frame's, and while we count them, two of ours."""
KEY = object.__hash__
"""Tells one object from another by its address, in one step."""


def fits(module: Any) -> str | None:
    """Return why futures that are completed elsewhere can't be heard of; `None` if they can."""
    loop_type, tasks = getattr(module, "BaseEventLoop", None), getattr(module, "tasks", None)
    if not all(hasattr(loop_type, name) for name in ("create_future", "call_soon_threadsafe")):
        return f"{LOST}: BaseEventLoop has no create_future or no call_soon_threadsafe"
    if not (hasattr(tasks, "Task") and hasattr(getattr(tasks, "futures", None), "Future")):
        return f"{LOST}: asyncio.tasks has no Task or no futures"
    return None


def open_door(module: Any, agent: Agent) -> None:
    """Note futures that are made, and those that another thread completes."""
    note_futures(module.BaseEventLoop, module.tasks, agent)


class _Futures:
    """The futures of one kind of loop: when they were made, by their addresses."""

    def __init__(self, tasks: Any, agent: Agent) -> None:
        self._future_type, self._task_type, self._agent = tasks.futures.Future, tasks.Task, agent
        self.made: dict[int, int] = {}
        self._looked: dict[int, int] = {}
        """When each thread's queue was looked for last."""

    def called(self, loop: Any, callback: Any, args: tuple[Any, ...]) -> None:
        """Note it where a thread without a loop completes a future; what a pool's does is noted as work already."""
        if get_ident() in self._agent.at_work or self._agent.askers.runs_here():
            return
        for each in _within(callback, args):
            if issubclass(type(each), self._future_type):
                self._agent.others_threads.come()
                if (since := self.made.pop(KEY(each), None)) is not None:
                    self._completed(loop, each, since)
                    return

    def _completed(self, loop: Any, future: Any, since: int) -> None:
        code, line = self._awaited_at(future)
        waits = bool(future._callbacks) and not self._future_type.done(future)  # noqa: SLF001  nothing public
        amount = waits + 2 * self._queued(self._agent.askers.frame(4))
        self._agent.note(Kind.DELIVERED, since, address(loop), code=code, line=line, amount=amount)

    def _awaited_at(self, future: Any) -> Line:
        for callback, _ in future._callbacks or ():  # noqa: SLF001  nothing public
            task = callback.__self__ if issubclass(type(callback), METHODS) else None
            if issubclass(type(task), self._task_type):
                return self._agent.askers.awaiting(self._task_type.get_coro(task))
        return NOBODY

    def _queued(self, frame: FrameType | None) -> int:
        thread = get_ident()
        if now() - self._looked.get(thread, 0) < LOOKS_NS:
            return 0
        self._looked[thread] = now()
        return min(max(map(_length, _known_to(frame)), default=0), MOST_QUEUED)


def note_futures(loop_type: Any, tasks: Any, agent: Agent) -> None:
    """Wrap a class's `create_future` and `call_soon_threadsafe`."""
    futures = _Futures(tasks, agent)
    _note_made(loop_type, futures.made, agent)
    _note_called(loop_type, agent.guard("futures that another thread completes")(futures.called), agent)


def _note_made(loop_type: Any, made: dict[int, int], agent: Agent) -> None:
    create, count = loop_type.create_future, itertools.count(1)

    @agent.guard("futures")
    def is_made(future: Any) -> None:
        if len(made) >= MOST_FUTURES:
            made.clear()
        made[KEY(future)] = now()
        if next(count) == MANY:
            leave_alone()
        if future._source_traceback:  # noqa: SLF001  debug mode: our own frame is none of the program's
            _take_out(future._source_traceback)  # noqa: SLF001

    @functools.wraps(create)
    def create_future(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        future = create(self, *args, **kwargs)
        is_made(future)
        return future

    @agent.guard("futures that nobody else completes")
    def leave_alone() -> None:
        if not agent.others_threads.may_be_there and agent.replaced.take_back(loop_type, "create_future"):
            agent.others_threads.when_there(note_again)

    def note_again() -> None:
        if not agent.has_left:
            _note_made(loop_type, made, agent)

    agent.put(loop_type, "create_future", create_future)


def _note_called(loop_type: Any, called: Callable[[Any, Any, tuple[Any, ...]], None], agent: Agent) -> None:
    call = loop_type.call_soon_threadsafe

    @agent.guard("what is put into a loop's line")
    def is_put(handle: Any) -> None:
        if getattr(handle, "_source_traceback", None):
            _take_out(handle._source_traceback)  # noqa: SLF001

    @functools.wraps(call)
    def call_soon_threadsafe(self: Any, /, callback: Any, *args: Any, **kwargs: Any) -> Any:
        called(self, callback, args)
        try:
            handle = call(self, callback, *args, **kwargs)
        except BaseException as error:
            unseen(error)
            raise
        is_put(handle)
        return handle

    agent.put(loop_type, "call_soon_threadsafe", call_soon_threadsafe)


def _within(callback: Any, args: tuple[Any, ...]) -> Iterator[Any]:
    """Yield what a callback is about: whose method it is, its arguments, and what it has in its closure."""
    if type(callback) is functools.partial:
        callback, args = callback.func, (*callback.args, *args)
    if issubclass(type(callback), METHODS):
        yield callback.__self__
    yield from args[:MOST_ARGUMENTS]
    if type(callback) is not FunctionType:
        return
    yield from (callback.__defaults__ or ())[:MOST_ARGUMENTS]
    for cell in (callback.__closure__ or ())[:MOST_ARGUMENTS]:
        try:
            yield cell.cell_contents
        except ValueError:  # nothing has been put there yet
            continue


def _known_to(frame: FrameType | None) -> Iterator[Any]:
    """Yield what a thread's functions, from this frame outwards, know by a name: local, their object's, or global."""
    for _ in range(MOST_FRAMES):
        if frame is None:
            return
        for value in _locals(frame):
            yield value
            yield from _attributes(value)
        for name in frame.f_code.co_names:
            yield frame.f_globals.get(name)
        frame = frame.f_back


def _locals(frame: FrameType) -> list[Any]:
    """Return what a frame's names stand for.

    Before 3.13 a function's frame keeps the dictionary that is made for this, and in it alive what the names stood for:
    it is emptied again, unless the program has got it from `locals()`.
    """
    names = frame.f_locals
    values = list(names.values())
    if KEEPS_LOCALS and frame.f_code.co_flags & OPTIMIZED and sys.getrefcount(names) <= OURS_ALONE:
        names.clear()
    return values


def _attributes(thing: Any) -> list[Any]:
    if isinstance(thing, type):
        return []
    try:  # none of the program's own code is to run
        return list(object.__getattribute__(thing, "__dict__").values())
    except (AttributeError, TypeError):
        return []


def _length(thing: Any) -> int:
    """How much is in a queue of the standard library's; 0 for what is none. Nothing is locked for that."""
    simple, queue = sys.modules.get("_queue"), sys.modules.get("queue")
    if simple is not None and type(thing) is simple.SimpleQueue:
        return int(thing.qsize())
    if queue is not None and issubclass(type(thing), queue.Queue):
        return len(vars(thing).get("queue", ()))
    return 0


def _take_out(stack: list[Any]) -> None:
    stack[:] = [each for each in stack if each.filename != __file__]
