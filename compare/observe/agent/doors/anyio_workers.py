"""Each worker thread of anyio's, which it has on asyncio alone, takes its work from a queue of its own."""

from __future__ import annotations

import functools
import sys

from ..addresses import address
from ..channel import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "anyio._backends._asyncio"


def fits(module: Any) -> str | None:
    """Return why the workers can't be heard of; `None` if they can."""
    worker, queue = getattr(module, "WorkerThread", None), getattr(module, "Queue", None)
    if isinstance(worker, type) and isinstance(queue, type) and hasattr(queue, "put") and hasattr(queue, "get"):
        return None
    return "what anyio's threads work at: there is no WorkerThread, or no Queue"


def open_door(module: Any, agent: Agent) -> None:
    """Note when a worker's work is handed over, begun, and done: when it asks for the next."""
    worker, plain, noting = module.WorkerThread, module.WorkerThread.__init__, _noting(module.Queue, agent)

    @agent.guard("a thread of anyio")
    def watch(thread: Any) -> None:
        if type(thread.queue) is module.Queue and not agent.askers.are_heard:  # nor of this
            thread.queue.__class__ = noting

    def existing() -> list[Any]:
        threading: Any = sys.modules.get("threading")
        return [each for each in list(getattr(threading, "_active", {}).values()) if isinstance(each, worker)]

    def forget() -> None:
        for thread in existing():
            if type(thread.queue) is noting:
                thread.queue.__class__ = module.Queue

    @agent.guard("the threads of anyio that are there")
    def catch_up() -> None:
        for thread in existing():
            watch(thread)
            thread.queue.compare_is_new = False

    @functools.wraps(plain)
    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:  # noqa: N807  takes the place of one
        plain(self, *args, **kwargs)
        watch(self)

    agent.put(worker, "__init__", __init__)
    agent.replaced.also(forget)
    catch_up()


def _noting(queue: Any, agent: Agent) -> type:
    @agent.guard("work for a thread of anyio")
    def put(where: Any, item: Any = None, *_: Any) -> None:
        if item is not None and where.compare_is_new:
            where.compare_asked = agent.asked(Kind.ASKED, address(where), 0, agent.askers.frame(3))

    @agent.guard("work that a thread of anyio has done")
    def ends(where: Any) -> None:
        busy, where.compare_busy = where.compare_busy, 0
        if busy:
            agent.work_ends(busy, address(where))

    @agent.guard("work that a thread of anyio begins")
    def begins(where: Any, item: Any) -> None:
        if item is not None and where.compare_asked:
            where.compare_busy, where.compare_asked = where.compare_asked, 0
            agent.work_begins(where.compare_busy, address(where))

    class Noting(queue):  # type: ignore[misc]
        __module__, __qualname__ = queue.__module__, queue.__qualname__
        compare_asked = compare_busy = 0
        compare_is_new = True
        """Whether each piece of its work was heard of; one that is taken by a call from before is not."""

        def put(self, *args: Any, **kwargs: Any) -> Any:
            put(self, *args)
            return queue.put(self, *args, **kwargs)

        def get(self, *args: Any, **kwargs: Any) -> Any:
            ends(self)
            self.compare_is_new = True
            item = queue.get(self, *args, **kwargs)
            begins(self, item)
            return item

    Noting.__name__ = queue.__name__
    return Noting
