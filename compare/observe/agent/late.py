"""For an agent that comes late: into a process where loops run already, or where uvloop was imported before.

uvloop keeps the `asyncio._set_running_loop` that it found when it was imported, so the agent's own never hears of its
loops. But `uvloop.Loop`, the class that everybody makes loops from, is a Python class, and its `run_forever` is where
each of them runs. A loop that runs already is found where it is (it is the current one), or by its tasks, and is then
asked to say itself in which thread it runs.
"""

from __future__ import annotations

import functools
import sys
from _thread import get_ident

from .addresses import address
from .doors.trio_runs import hear
from .notes import ASYNCIO, OTHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

    from .notes import Agent


LOOP_FRAMES: dict[tuple[str, str], tuple[str, ...]] = {
    ("asyncio.base_events", "run_forever"): ("self",),
    ("asyncio.runners", "run"): ("self", "_loop"),
}
TRIO_FRAMES: dict[tuple[str, str], tuple[str, ...]] = {("trio._core._run", "unrolled_run"): ("runner",)}
"""Which functions are under way while a loop runs, and where they have it."""


def catch_up(agent: Agent) -> None:
    """Do all that an agent has missed."""
    for step in (_asyncio_hears, _uvloop_runs, _loops_elsewhere):
        agent.guard("loops that run already")(step)(agent)


def _asyncio_hears(agent: Agent) -> None:
    """Let `asyncio` itself offer the door that the agent put into `asyncio.events`: a loop may take either."""
    events, package = sys.modules.get("asyncio.events"), sys.modules.get("asyncio")
    if events is not None and package is not None:
        agent.put(package, "_set_running_loop", events._set_running_loop)  # noqa: SLF001  not public


def _uvloop_runs(agent: Agent) -> None:
    """Hear of uvloop's loops, if it was imported before the agent was there."""
    module: Any = sys.modules.get("uvloop")
    if module is None:
        return
    plain = module.Loop.run_forever

    @agent.guard("loops of uvloop")
    def begins(loop: Any) -> None:
        agent.loop_runs(loop, OTHER, loop.call_soon_threadsafe, agent.askers.frame(2))

    @agent.guard("loops of uvloop")
    def ends(loop: Any) -> None:
        agent.loop_ends(address(loop))

    @functools.wraps(plain)
    def run_forever(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        begins(self)
        try:
            return plain(self, *args, **kwargs)
        finally:
            ends(self)

    agent.put(module.Loop, "run_forever", run_forever)


def _loops_elsewhere(agent: Agent) -> None:
    """Ask the asyncio loops that run already, in whatever thread, to say so."""
    tasks: Any = sys.modules.get("asyncio.tasks")
    if tasks is None:
        return
    known = getattr(tasks, "_scheduled_tasks", None) or getattr(tasks, "_all_tasks", None)
    try:
        loops = {address(loop): loop for loop in (task.get_loop() for task in list(known or ()))}
    except RuntimeError:  # other threads make tasks while we look
        return
    for loop in loops.values():
        _ask(agent, loop)


def _ask(agent: Agent, loop: Any) -> None:
    if loop.is_running():

        def here() -> None:
            if not agent.pings.runs(loop):
                _say(agent, loop, agent.askers.frame(2))

        loop.call_soon_threadsafe(agent.guard("loops that run already")(here))


def ask_around(agent: Agent) -> None:
    """Ask the loops that can be found by the frames of threads: from 3.14 on, tasks are listed in C."""
    guard = agent.guard("loops that run already")
    for loop in list(_in_frames(LOOP_FRAMES)):
        guard(_ask)(agent, loop)
    for runner in list(_in_frames(TRIO_FRAMES)):
        guard(_ask_trio)(agent, runner)


def _ask_trio(agent: Agent, runner: Any) -> None:
    def here() -> None:
        if not agent.pings.runs(runner):
            hear(agent, sys.modules["trio._core._run"], runner, agent.askers.frame(2))

    runner.entry_queue.run_sync_soon(agent.guard("loops that run already")(here))


def _in_frames(wanted: dict[tuple[str, str], tuple[str, ...]]) -> Iterator[Any]:
    """Yield what frames of these functions, by module and name, have under a local name, or an attribute of that."""
    for frame in list(sys._current_frames().values()):  # noqa: SLF001  there is no other door
        here: FrameType | None = frame
        while here is not None:
            path = wanted.get((here.f_globals.get("__name__", ""), here.f_code.co_name))
            if path is not None:
                found = here.f_locals.get(path[0])
                for attribute in path[1:]:
                    found = getattr(found, attribute, None)
                if found is not None:
                    yield found
            here = here.f_back


def loop_here(agent: Agent) -> None:
    """Note a loop that runs in this thread and is not known; forget those that are known and have ended."""
    for loop_id, door in agent.pings.doors():
        running = getattr(getattr(door, "__self__", None), "is_running", None)
        if running is not None and not running():
            agent.loop_ends(loop_id)
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is not None:
        loop = asyncio._get_running_loop()  # noqa: SLF001  does not raise
        if loop is not None and not agent.pings.runs(loop) and (task := asyncio.current_task(loop)) is not None:
            frame = getattr(task.get_coro(), "cr_frame", None)
            if frame is not None:
                _say(agent, loop, frame.f_back)
    trio: Any = sys.modules.get("trio._core._run")
    if trio is not None:
        runner = getattr(trio.GLOBAL_RUN_CONTEXT, "runner", None)
        if runner is not None and not agent.pings.runs(runner):
            hear(agent, trio, runner, None)


def _say(agent: Agent, loop: Any, frame: FrameType | None) -> None:
    is_asyncios = hasattr(loop, "_run_once")
    if is_asyncios:
        agent.running[get_ident()] = address(loop)  # so that its end is heard of
    agent.loop_runs(loop, ASYNCIO if is_asyncios else OTHER, loop.call_soon_threadsafe, frame)
