"""Every task of asyncio's own loops is made by `BaseEventLoop.create_task`.

It is heard of there, and not where tasks are registered: from 3.14 on that happens in C alone, and before, anything
may be registered as one.
"""

from __future__ import annotations

import functools

from ..guard import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "asyncio.base_events"


def fits(module: Any) -> str | None:
    """Return why asyncio's tasks can't be heard of; `None` if they can."""
    tasks = getattr(module, "tasks", None)
    if not hasattr(getattr(module, "BaseEventLoop", None), "create_task"):
        return "asyncio's tasks: BaseEventLoop has no create_task"
    if not all(hasattr(tasks, name) for name in ("Task", "current_task")):
        return "asyncio's tasks: asyncio.tasks has no Task or no current_task"
    return None


def open_door(module: Any, agent: Agent) -> None:
    """Note where tasks are made."""
    note_tasks(module.BaseEventLoop, module.tasks, agent)
    task_type, current_task = module.tasks.Task, module.tasks.current_task

    def current() -> tuple[Any, Any] | None:
        try:
            task = current_task()
        except RuntimeError:  # no loop of this kind runs here
            return None
        # A task may be of anybody's making: what is none of asyncio's own is not asked for anything.
        return (task, task_type.get_coro(task)) if issubclass(type(task), task_type) else None

    agent.askers.tasks(current)


def note_tasks(loop_type: Any, tasks: Any, agent: Agent) -> None:
    """Wrap a class's `create_task`."""
    plain, task_type = loop_type.create_task, tasks.Task

    @agent.guard("tasks of asyncio")
    def made(task: Any) -> None:
        if issubclass(type(task), task_type):
            stack = task._source_traceback  # noqa: SLF001  debug mode: as asyncio does, take our own frame out
            if stack and stack[-1].filename == __file__:
                del stack[-1]
            agent.askers.task_made(task, task_type.get_coro(task), agent.askers.frame(2))

    @functools.wraps(plain)
    def create_task(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            task = plain(self, *args, **kwargs)
        except BaseException as error:
            unseen(error)
            raise
        try:
            made(task)
            return task
        finally:
            del task  # or an eager task's exception would refer to it through this frame

    agent.put(loop_type, "create_task", create_task)
