"""uvloop's loops have a `create_future` and a `call_soon_threadsafe` of their own."""

from __future__ import annotations

import sys

from .asyncio_futures import LOST, note_futures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "uvloop"


def fits(module: Any) -> str | None:
    """Return why uvloop's futures can't be heard of; `None` if they can."""
    loop_type = getattr(module, "Loop", None)
    has = all(hasattr(loop_type, name) for name in ("create_future", "call_soon_threadsafe"))
    if has and "asyncio.tasks" in sys.modules:
        return None
    return f"{LOST}, on uvloop: its Loop has no create_future or no call_soon_threadsafe"


def open_door(module: Any, agent: Agent) -> None:
    """Note futures that are made, and those that another thread completes."""
    note_futures(module.Loop, sys.modules["asyncio.tasks"], agent)
