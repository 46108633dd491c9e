"""Every run of trio, guest mode too, is set up by `setup_runner` and ends with `Runner.close`."""

from __future__ import annotations

import functools

from ..addresses import address
from ..notes import TRIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "trio._core._run"


def fits(run: Any) -> str | None:
    """Return why trio's runs can't be heard of; `None` if they can."""
    if not (callable(getattr(run, "setup_runner", None)) and hasattr(getattr(run, "Runner", None), "close")):
        return "which loops of trio's run: there is no setup_runner, or no Runner.close"
    if not hasattr(run, "GLOBAL_RUN_CONTEXT"):
        return "which loops of trio's run: there is no GLOBAL_RUN_CONTEXT"
    return None


def open_door(run: Any, agent: Agent) -> None:
    """Note which thread runs which loop, and where tasks are made."""
    set_up, close = run.setup_runner, run.Runner.close
    context = run.GLOBAL_RUN_CONTEXT

    def current() -> tuple[Any, Any] | None:
        task = getattr(context, "task", None)
        return (task, task.coro) if task is not None else None

    agent.askers.tasks(current)

    @agent.guard("tasks of trio")
    def spawned(task: Any) -> None:
        agent.askers.task_made(task, task.coro, agent.askers.frame(2))

    @agent.guard("tasks of trio")
    def leaves(instrument: Any) -> None:
        context.runner.instruments.remove_instrument(instrument)

    class Spawns:
        def task_spawned(self, task: Any) -> None:
            spawned(task)
            if agent.has_left:
                leaves(self)

    @agent.guard("runs of trio")
    def begins(runner: Any) -> None:
        agent.loop_runs(runner, TRIO, runner.entry_queue.run_sync_soon, agent.askers.frame(3))
        runner.instruments.add_instrument(Spawns())

    @agent.guard("runs of trio")
    def ends(runner: Any) -> None:
        agent.loop_ends(address(runner))

    @functools.wraps(set_up)
    def setup_runner(*args: Any, **kwargs: Any) -> Any:
        runner = set_up(*args, **kwargs)
        begins(runner)
        return runner

    @functools.wraps(close)
    def ended(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        ends(self)
        return close(self, *args, **kwargs)

    agent.put(run, "setup_runner", setup_runner)
    agent.put(run.Runner, "close", ended)
