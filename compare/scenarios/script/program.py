"""Scenario `script`: any Python program of the user's, unchanged, under the observer.

The program is started as `python PATH ARG …`, `python -m MODULE ARG …` or `python -c CODE ARG …`, with our standard
streams, in our process group; the agent comes in through `sitecustomize` (`compare/observe/startup`). What the terminal
sends reaches it directly; a signal sent to us alone is passed on. When it has ended we end in the same way: with its
exit status, or by the same signal.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from compare.process.host import signal_name
from compare.results import Run
from compare.scenarios.script import inherited, plain_child
from compare.scenarios.script.follow import Follower, Rows
from compare.scenarios.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from compare.observe import Link
    from compare.results import Observation
    from compare.scenarios.script.ended import Ended
    from compare.scenarios.script.follow import Hear


SHARE = 0.05
"""How much of one processor the sampler uses, as far as the threshold allows."""


STANDARD_INPUT = "-"
"""The program is what comes from there."""
Flag = Literal["", "-m", "-c"]
"""What stands before a program on Python's command line."""


class Program(Protocol):
    """The program, while it runs."""

    pid: int

    def wait(self) -> Ended:
        """Wait for its end."""


class ScriptError(Exception):
    """The program can't be run or watched; the message is one line."""


def command_line(argv: Sequence[str], flag: Flag = "") -> list[str]:
    """Return what starts the program, as the user would without us.

    Raises:
        ScriptError: there is no such file.
    """
    if not flag and argv[0] != STANDARD_INPUT and not Path(argv[0]).exists():
        is_module = argv[0].isidentifier() and importlib.util.find_spec(argv[0]) is not None
        instead = f"-m {argv[0]} for the module" if is_module else "-m MODULE"
        message = f"no program at {argv[0]}: give the path of a Python file, or {instead}"
        raise ScriptError(message)
    return [sys.executable, *inherited.options(sys.orig_argv), *([flag] if flag else []), *argv]


def run(  # noqa: PLR0913  what a watch is made of
    argv: Sequence[str],
    *,
    flag: Flag = "",
    threshold_ms: float = 10.0,
    imports: bool = False,
    share: float = SHARE,
    hear: Hear | None = None,
    keep_s: float | None = None,
    taken: Mapping[signal.Signals, Callable[[], None]] | None = None,
    streams: Mapping[int, int] | None = None,
) -> tuple[Run, int]:
    """Run a program under the observer until it ends; returns the row, and its exit status, negative for a signal.

    Args:
        argv: the program and its arguments.
        flag: what stands before it: it is a path, the name of a module (`-m`), or code (`-c`).
        threshold_ms: what counts, in milliseconds.
        imports: whether what a module's import waits for and computes holds a loop, too.
        share: how much of one processor the sampler may use.
        hear: takes what is new, four times a second, in a thread of its own.
        keep_s: the lanes of so many seconds are kept, of the last ones; `None`: all.
        taken: signals to us that are not passed on, and what is done instead.
        streams: which descriptors of ours the program gets as its 0, 1 and 2, where they are not the same.

    Raises:
        ScriptError: it can't be started.
    """
    command = command_line(argv, flag)
    with Watcher() as watcher, contextlib.ExitStack() as stack:
        if (link := watcher.link() if inherited.lets_agent_in() else None) is not None:
            stack.enter_context(link)
        try:
            child = stack.enter_context(_started(command, link, streams or {}, taken or {}))
        except OSError as error:
            message = f"the program can't be started: {error}"
            raise ScriptError(message) from None
        how = {"imports": imports, "share": share, "news": hear is not None, "keep_s": keep_s}
        watcher.begin(child.pid, link, threshold_ms, plain_threads=False, **how)
        row = partial(row_of, argv, threshold_ms, None, flag=flag)
        rows = Rows(lambda: row(watcher.so_far()), lambda: row(watcher.recorded()))
        with Follower(watcher.news, rows, hear) as follower:
            ended = child.wait()
        seen = watcher.end()
    if seen is not None and not inherited.lets_agent_in():
        seen = replace(seen, missing=(inherited.NO_AGENT, *seen.missing))
    trouble = watcher.trouble or follower.trouble
    return row_of(argv, threshold_ms, ended, seen, flag=flag, trouble=trouble), ended.exit_status


def _started(
    command: list[str],
    link: Link | None,
    streams: Mapping[int, int],
    taken: Mapping[signal.Signals, Callable[[], None]],
) -> AbstractContextManager[Program]:
    """Start it; its signals are its own while it runs, as far as the system lets us."""
    arguments = command, inherited.environment(link), link.fds if link is not None else (), streams, taken
    if sys.platform == "linux" and hasattr(signal, "sigwaitinfo") and hasattr(os, "posix_spawn"):
        from compare.scenarios.script import signals  # noqa: PLC0415  not everywhere

        return signals.started(*arguments)
    return plain_child.started(*arguments)


def row_of(  # noqa: PLR0913  what a row is made of
    argv: Sequence[str],
    threshold_ms: float,
    ended: Ended | None,
    seen: Observation | None,
    *,
    flag: Flag = "",
    trouble: str | None = None,
) -> Run:
    """Return what is told of a program; `trouble`: why it was not observed."""
    from compare.scenarios.shared import verdict  # noqa: PLC0415  it is for the end

    status = ended.exit_status if ended is not None else None
    reason = None
    if status is not None and status < 0:
        reason = f"ended by {signal_name(-status)}"
    elif status:
        reason = f"exit status {status}"
    row = Run(
        scenario="script",
        workload={"argv": list(argv), "module": flag == "-m", "threshold_ms": threshold_ms},
        variant=" ".join(argv if flag != "-c" else ("-c", *argv[1:])),
        backend=None,
        recipe=None,
        libraries={},
        outcome="failed" if reason else "ok",
        reason=reason,
        exit_status=status,
        cpu_seconds=ended.cpu if ended is not None else None,
        threads=seen.threads if seen is not None else 0,
        rss_mib=ended.peak_mib if ended is not None else 0.0,
        observation=seen,
        notes=(trouble,) if trouble is not None else (),
    )
    return verdict.told(row)
