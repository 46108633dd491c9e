"""Every run of trio, guest mode too, is set up by `setup_runner` and ends with `Runner.close`.

A ping takes no place among the program's tasks, whose order may be seeded (as Hypothesis does, in every test): trio's
own line is served by a task. So ours is served by an instrument, between two turns, and the loop is woken as trio wakes
it in guest mode, by what its poller takes in by itself.
"""

from __future__ import annotations

import functools

from ..addresses import address
from ..notes import TRIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from ..notes import Agent

MODULE = "trio._core._run"


def fits(run: Any) -> str | None:
    """Return why trio's runs can't be heard of; `None` if they can."""
    if not (callable(getattr(run, "setup_runner", None)) and hasattr(getattr(run, "Runner", None), "close")):
        return "which loops of trio's run: there is no setup_runner, or no Runner.close"
    if not hasattr(run, "GLOBAL_RUN_CONTEXT"):
        return "which loops of trio's run: there is no GLOBAL_RUN_CONTEXT"
    if not all(hasattr(run.Runner, name) for name in ("entry_queue", "instruments", "io_manager")):
        return "which loops of trio's run: a Runner has no entry_queue, no instruments or no io_manager"
    return None


class Instrument:
    """Hears of one run's tasks, and calls what was put into its line when the turn that goes on has ended.

    It keeps no reference to the run itself, which ends when the program's own are gone.
    """

    def __init__(self, agent: Agent, run: Any, runner: Any) -> None:
        """Begin with an empty line; `run` is trio's module."""
        self._agent, self._context = agent, run.GLOBAL_RUN_CONTEXT
        self._entry, self._manager = runner.entry_queue, runner.io_manager
        self._line: list[Callable[[], object]] = []
        self._spawned = agent.guard("tasks of trio")(self._note_task)
        self._leave = agent.guard("runs of trio")(self._remove)

    def put(self, callback: Callable[[], object]) -> None:
        """Have a callback called, which raises nothing; from any thread."""
        self._line.append(callback)

    def wake(self) -> None:
        """Have the loop leave its poller; from any thread. The lock keeps it from closing what it is woken by."""
        with self._entry.lock:
            if not self._entry.done:
                self._manager.force_wakeup()

    def task_spawned(self, task: Any) -> None:
        """A task has been made, in the loop's thread."""
        self._spawned(task)

    def before_io_wait(self, _: float) -> None:
        """Between two turns, in the loop's thread."""
        while self._line:
            self._line.pop(0)()
        if self._agent.has_left:
            self._leave()

    def _note_task(self, task: Any) -> None:
        self._agent.askers.task_made(task, task.coro, self._agent.askers.frame(2))

    def _remove(self) -> None:
        self._context.runner.instruments.remove_instrument(self)


def hear(agent: Agent, run: Any, runner: Any, frame: FrameType | None) -> None:
    """Note a run of trio's, in its own thread, called from this frame; `run` is trio's module."""
    instrument = Instrument(agent, run, runner)
    runner.instruments.add_instrument(instrument)
    agent.loop_runs(runner, TRIO, instrument.put, frame)


def open_door(run: Any, agent: Agent) -> None:
    """Note which thread runs which loop, and where tasks are made."""
    set_up, close = run.setup_runner, run.Runner.close
    context = run.GLOBAL_RUN_CONTEXT

    def current() -> tuple[Any, Any] | None:
        task = getattr(context, "task", None)
        return (task, task.coro) if task is not None else None

    agent.askers.tasks(current)

    @agent.guard("runs of trio")
    def begins(runner: Any) -> None:
        hear(agent, run, runner, agent.askers.frame(3))

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
