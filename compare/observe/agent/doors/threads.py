"""Every thread of `threading` calls `_set_native_id` when it begins; by then it has a name."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "threading"


def fits(module: Any) -> str | None:
    """Return why threads' names can't be heard of; `None` if they can."""
    thread = getattr(module, "Thread", None)
    has_main = isinstance(getattr(module, "_MainThread", None), type)
    if has_main and hasattr(thread, "_set_native_id") and isinstance(getattr(thread, "name", None), property):
        return None
    return "threads' names: threading.Thread is made in a way that is not known here"


def open_door(module: Any, agent: Agent) -> None:
    """Note the names of those that are there, of those that begin, and new ones."""
    thread = module.Thread
    begins, name = thread._set_native_id, thread.name  # noqa: SLF001  nothing public

    @agent.guard("threads that are of no pool's")
    def is_there(who: Any) -> None:
        agent.others_threads.begins(who, module._MainThread)  # noqa: SLF001  nothing public

    @agent.guard("threads' names")
    def named(who: Any) -> None:
        known = vars(who)
        if known.get("_native_id"):
            agent.thread_named(known["_native_id"], str(known.get("_name", "")))

    @functools.wraps(begins)
    def _set_native_id(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        result = begins(self, *args, **kwargs)
        is_there(self)
        named(self)
        return result

    @functools.wraps(name.fset)
    def set_name(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        result = name.fset(self, *args, **kwargs)
        named(self)
        return result

    agent.others_threads.are_told()
    agent.put(thread, "_set_native_id", _set_native_id)
    agent.put(thread, "name", property(name.fget, set_name, name.fdel, name.__doc__))
    for each in list(getattr(module, "_active", {}).values()):
        is_there(each)
        named(each)
