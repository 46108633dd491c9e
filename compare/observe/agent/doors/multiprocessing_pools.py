"""`multiprocessing.Pool` makes a result object for what it is asked for, and sets it piece by piece as these are done.

As many pieces run as there are processes (of a `ThreadPool`: threads), the others stand in line. What an iterator
hands on (`imap`) is not counted: nobody knows how much it is.
"""

from __future__ import annotations

from ..addresses import address
from ..channel import Kind
from ._processes import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "multiprocessing.pool"
LOST = "which work waits for a process of a multiprocessing.Pool"
RESULTS = ("ApplyResult", "MapResult")
"""Of one piece of work; of several."""


def fits(module: Any) -> str | None:
    """Return why these pools can't be heard of; `None` if they can."""
    for name in RESULTS:
        result = getattr(module, name, None)
        if not isinstance(result, type) or not callable(getattr(result, "_set", None)):
            return f"{LOST}: there is no {name} with a _set"
    return None


def open_door(module: Any, agent: Agent) -> None:
    """Note when work is handed in, and when its turn comes."""
    lines: dict[int, Line] = {}

    @agent.guard("work for a multiprocessing.Pool")
    def handed_in(result: Any) -> None:
        own = vars(result)
        pool, pieces = own.get("_pool"), own.get("_number_left", 1)
        if pool is None or not pieces:
            return
        line = _line(pool, lines, agent)
        kind = Kind.IN_LINE if isinstance(pool, module.ThreadPool) else Kind.FOR_PROCESS
        request = agent.asked(kind, line.pool, line.size, agent.askers.frame(3))
        result.compare_place = line, request
        line.joins(request, pieces)

    @agent.guard("work that a multiprocessing.Pool has done")
    def done(result: Any) -> None:
        place = vars(result).get("compare_place")
        if place is not None and place[0].leaves(place[1]):
            lines.pop(place[0].pool, None)

    for name in RESULTS:
        agent.put(module, name, _heard(getattr(module, name), handed_in, done))


def _line(pool: Any, lines: dict[int, Line], agent: Agent) -> Line:
    """The pool's line; a new one where it has no other work: one of the same address may have ended in the midst."""
    where = address(pool)
    line = lines.get(where)
    if line is None or len(vars(pool).get("_cache", ())) <= 1:
        line = lines[where] = Line(where, vars(pool).get("_processes", 0), agent)
    return line


def _heard(plain: Any, handed_in: Any, done: Any) -> type:
    """Return the class of results with what is noted of them."""

    class Result(plain):  # type: ignore[misc]
        __module__, __qualname__ = plain.__module__, plain.__qualname__

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            plain.__init__(self, *args, **kwargs)
            if isinstance(self, Result):  # else it is called for a class of its own, which has more to do
                handed_in(self)

        def _set(self, *args: Any, **kwargs: Any) -> Any:
            if isinstance(self, Result):
                done(self)
            return plain._set(self, *args, **kwargs)  # noqa: SLF001

    Result.__name__ = plain.__name__
    return Result
