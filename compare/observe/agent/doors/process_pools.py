"""`ProcessPoolExecutor.submit` makes a `_WorkItem`: as many run as there are processes, the others stand in line."""

from __future__ import annotations

from ..addresses import address
from ..channel import Kind
from ._processes import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "concurrent.futures.process"
LOST = "which work waits for a process of a ProcessPoolExecutor"


def fits(module: Any) -> str | None:
    """Return why these pools can't be heard of; `None` if they can."""
    item, executor = getattr(module, "_WorkItem", None), getattr(module, "ProcessPoolExecutor", None)
    if not isinstance(item, type) or not callable(getattr(executor, "submit", None)):
        return f"{LOST}: there is no _WorkItem, or no ProcessPoolExecutor with a submit"
    if type(getattr(module._base.Future(), "_done_callbacks", None)) is not list:  # noqa: SLF001  nothing public
        return f"{LOST}: a Future keeps no list of what to call when it is done"
    return None


def open_door(module: Any, agent: Agent) -> None:
    """Note when work is handed in, and when its turn comes."""
    plain, executor_type = module._WorkItem, module.ProcessPoolExecutor  # noqa: SLF001
    lines: dict[int, Line] = {}

    @agent.guard("work for a pool of processes")
    def handed_in(item: Any) -> None:
        submit = agent.askers.frame(3)
        executor = submit.f_locals.get("self") if submit is not None else None
        if not issubclass(type(executor), executor_type):
            return
        pool = address(executor)
        line = lines.get(pool) or lines.setdefault(pool, Line(pool, vars(executor).get("_max_workers", 0), agent))
        request = agent.asked(Kind.FOR_PROCESS, pool, line.size, submit)
        line.joins(request)
        # First, and by hand: it is new, and nobody else has it yet.
        item.future._done_callbacks.insert(0, lambda _: done(line, request))  # noqa: SLF001

    @agent.guard("work that a pool of processes has done")
    def done(line: Line, request: int) -> None:
        if line.leaves(request):
            lines.pop(line.pool, None)

    class _WorkItem(plain):  # type: ignore[misc,valid-type]
        __module__, __qualname__ = plain.__module__, plain.__qualname__

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            plain.__init__(self, *args, **kwargs)
            handed_in(self)

    agent.put(module, "_WorkItem", _WorkItem)
