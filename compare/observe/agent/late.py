"""For an agent that comes late: into a process where loops run already, or where uvloop was imported before.

uvloop keeps the `asyncio._set_running_loop` that it found when it was imported, so the agent's own never hears of its
loops. But `uvloop.Loop`, the class that everybody makes loops from, is a Python class, and its `run_forever` is where
each of them runs. A loop that runs already is found where it is (it is the current one), or by its tasks, and is then
asked to say itself in which thread it runs.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from compare.observe.agent.notes import Agent

_FAMILY_OTHER, _FAMILY_TRIO = 2, 3


def asyncio_hears() -> None:
    """Let `asyncio` itself offer the door that the agent put into `asyncio.events`: a loop may take either."""
    events, package = sys.modules.get("asyncio.events"), sys.modules.get("asyncio")
    if events is not None and package is not None:
        package._set_running_loop = events._set_running_loop  # type: ignore[attr-defined]  # noqa: SLF001  not public


def uvloop_runs(agent: Agent) -> None:
    """Hear of uvloop's loops, if it was imported before the agent was there."""
    module: Any = sys.modules.get("uvloop")
    if module is None:
        return
    plain = module.Loop.run_forever

    @functools.wraps(plain)
    def run_forever(self: Any) -> None:
        # This frame lies below the loop, like all that `_below` counts.
        agent.loop_runs(self, _FAMILY_OTHER, self.call_soon_threadsafe, 1 + _below(sys._getframe()))  # noqa: SLF001
        try:
            plain(self)
        finally:
            agent.loop_ends(id(self))

    module.Loop.run_forever = run_forever


def loops_elsewhere(agent: Agent) -> None:
    """Ask the asyncio loops that run already, in whatever thread, to say so."""
    tasks: Any = sys.modules.get("asyncio.tasks")
    if tasks is None:
        return
    known = getattr(tasks, "_scheduled_tasks", None) or getattr(tasks, "_all_tasks", None)
    try:
        loops = {id(loop): loop for loop in (task.get_loop() for task in list(known or ()))}
    except RuntimeError:  # other threads make tasks while we look
        return
    for loop in loops.values():
        if loop.is_running():

            def here(loop: Any = loop) -> None:
                if id(loop) not in agent._loops:  # noqa: SLF001  the agent's own other half
                    _say(agent, loop, _below(sys._getframe()))  # noqa: SLF001

            loop.call_soon_threadsafe(here)


def loop_here(agent: Agent) -> None:
    """Note a loop that runs in this thread and is not known; forget those that are known and have ended."""
    for loop_id, (_, door) in list(agent._loops.items()):  # noqa: SLF001  see above
        running = getattr(getattr(door, "__self__", None), "is_running", None)
        if running is not None and not running():
            agent.loop_ends(loop_id)
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is not None:
        loop = asyncio._get_running_loop()  # noqa: SLF001  does not raise
        if loop is not None and id(loop) not in agent._loops and (task := asyncio.current_task(loop)) is not None:  # noqa: SLF001
            frame = getattr(task.get_coro(), "cr_frame", None)
            if frame is not None:
                _say(agent, loop, _below(frame))
    trio: Any = sys.modules.get("trio._core._run")
    if trio is not None:
        runner = getattr(trio.GLOBAL_RUN_CONTEXT, "runner", None)
        if runner is not None and id(runner) not in agent._loops:  # noqa: SLF001
            agent.loop_runs(runner, _FAMILY_TRIO, runner.entry_queue.run_sync_soon, 0)


def _say(agent: Agent, loop: Any, depth: int) -> None:
    if hasattr(loop, "_run_once"):
        # By the agent's own door, so that it hears of the end too; the loop stays what it was.
        sys.modules["asyncio.events"]._set_running_loop(loop)  # noqa: SLF001
    else:
        agent.loop_runs(loop, _FAMILY_OTHER, loop.call_soon_threadsafe, depth)


def _below(frame: FrameType | None) -> int:
    """How many frames lie below this one."""
    depth = -1
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth
