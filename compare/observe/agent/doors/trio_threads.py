"""Work that has its token is handed to a cached thread by `ThreadCache.start_thread_soon`.

The work itself stays as it is: what it raises must not show a frame of ours.
"""

from __future__ import annotations

import functools

from ..addresses import address
from ..channel import Kind
from ..guard import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "trio._core._thread_cache"


def fits(module: Any) -> str | None:
    """Return why trio's threads can't be heard of; `None` if they can."""
    cache, worker = getattr(module, "ThreadCache", None), getattr(module, "WorkerThread", None)
    if not hasattr(cache, "start_thread_soon"):
        return "what trio's threads work at: there is no ThreadCache.start_thread_soon"
    if not (hasattr(worker, "_handle_job") and hasattr(worker, "_job")):
        return "what trio's threads work at: there is no WorkerThread._handle_job"
    return None


def open_door(module: Any, agent: Agent) -> None:  # noqa: C901  one note a moment
    """Note when work is handed to a thread, begun and done."""
    cache, worker = module.ThreadCache, module.WorkerThread
    plain_start, plain_handle = cache.start_thread_soon, worker._handle_job  # noqa: SLF001  nothing public
    handed: dict[int, tuple[int, int]] = {}
    """Of each function that is to be called, by its address: the request, and whose it is."""

    @agent.guard("work for a thread of trio")
    def hands_over(pool: Any, function: Any) -> None:
        handed[address(function)] = agent.asked(Kind.ASKED, address(pool), 0, agent.askers.frame(3)), address(pool)

    @agent.guard("work for a thread of trio")
    def withdraws(function: Any) -> None:
        if (request := handed.pop(address(function), None)) is not None:
            agent.note(Kind.WITHDRAWN, *request)

    @agent.guard("work that a thread of trio begins")
    def begins(thread: Any) -> tuple[int, int] | None:
        request = handed.pop(address(thread._job[0]), None)  # noqa: SLF001
        if request is not None:
            agent.work_begins(*request)
        return request

    @agent.guard("work that a thread of trio has done")
    def ends(request: tuple[int, int] | None) -> None:
        if request is not None:
            agent.work_ends(*request)

    @functools.wraps(plain_start)
    def start_thread_soon(self: Any, fn: Any, *args: Any, **kwargs: Any) -> Any:
        hands_over(self, fn)
        try:
            return plain_start(self, fn, *args, **kwargs)
        except BaseException as error:  # no thread can be started
            withdraws(fn)
            unseen(error)
            raise

    @functools.wraps(plain_handle)
    def _handle_job(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        request = begins(self)
        try:
            return plain_handle(self, *args, **kwargs)
        finally:
            ends(request)

    agent.put(cache, "start_thread_soon", start_thread_soon)
    agent.put(worker, "_handle_job", _handle_job)
