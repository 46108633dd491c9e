"""`ThreadPoolExecutor.submit` makes a `_WorkItem`, and a worker calls its `run`, with whatever it needs."""

from __future__ import annotations

from ..addresses import address
from ..channel import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "concurrent.futures.thread"
LOST = "which work waits for a thread of a ThreadPoolExecutor"


def fits(module: Any) -> str | None:
    """Return why executors can't be heard of; `None` if they can."""
    item, executor = getattr(module, "_WorkItem", None), getattr(module, "ThreadPoolExecutor", None)
    if not (isinstance(item, type) and callable(getattr(item, "run", None))):
        return f"{LOST}: there is no _WorkItem with a run"
    if not callable(getattr(executor, "submit", None)):
        return f"{LOST}: there is no ThreadPoolExecutor with a submit"
    if type(getattr(module._base.Future(), "_done_callbacks", None)) is not list:  # noqa: SLF001  nothing public
        return f"{LOST}: a Future keeps no list of what to call when it is done"
    return None


def open_door(module: Any, agent: Agent) -> None:
    """Note when work is handed in, begun, done or given up."""
    plain, executor_type = module._WorkItem, module.ThreadPoolExecutor  # noqa: SLF001

    @agent.guard("work for an executor")
    def handed_in(item: Any) -> None:
        submit = agent.askers.frame(3)
        executor = submit.f_locals.get("self") if submit is not None else None
        size = vars(executor).get("_max_workers", 0) if issubclass(type(executor), executor_type) else 0
        pool = address(executor)
        item.compare_place = place = [agent.asked(Kind.ASKED, pool, size, submit), pool]
        # First, and by hand: it is new, and nobody else has it yet. It must not refer to the future or the item.
        item.future._done_callbacks.insert(0, lambda _: given_up(place))  # noqa: SLF001

    @agent.guard("work that is given up")
    def given_up(place: list[int]) -> None:
        request, place[0] = place[0], 0
        if request:  # it is done, and was not begun: cancelled, or its pool has broken
            agent.note(Kind.WITHDRAWN, request, place[1])

    @agent.guard("work that an executor begins")
    def begins(item: Any) -> tuple[int, int] | None:
        place = getattr(item, "compare_place", None)
        if place is None or not place[0]:
            return None
        request, place[0] = place[0], 0
        agent.work_begins(request, place[1])
        return request, place[1]

    @agent.guard("work that an executor has done")
    def ends(begun: tuple[int, int] | None) -> None:
        if begun is not None:
            agent.work_ends(*begun)

    class _WorkItem(plain):  # type: ignore[misc,valid-type]
        __module__, __qualname__ = plain.__module__, plain.__qualname__
        __slots__ = ("compare_place",)

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            plain.__init__(self, *args, **kwargs)
            handed_in(self)

        def run(self, /, *args: Any, **kwargs: Any) -> Any:  # from 3.14 on, the worker's context comes with it
            begun = begins(self)
            try:
                return plain.run(self, *args, **kwargs)
            finally:
                # As the standard library does: an exception refers to this frame, and must not keep the work alive.
                del self, args, kwargs
                ends(begun)

    agent.put(module, "_WorkItem", _WorkItem)
