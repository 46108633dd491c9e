"""uvloop's loops make tasks in a `create_task` of their own."""

from __future__ import annotations

import sys

from .asyncio_tasks import note_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "uvloop"


def fits(module: Any) -> str | None:
    """Return why uvloop's tasks can't be heard of; `None` if they can."""
    loop_type = getattr(module, "Loop", None)
    if hasattr(loop_type, "create_task") and "asyncio.tasks" in sys.modules:
        return None
    return "uvloop's tasks: uvloop.Loop has no create_task"


def open_door(module: Any, agent: Agent) -> None:
    """Note where tasks are made."""
    note_tasks(module.Loop, sys.modules["asyncio.tasks"], agent)
