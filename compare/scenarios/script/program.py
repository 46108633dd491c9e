"""Scenario `script`: any Python program of the user's, unchanged, under the observer.

The program is started as `python PATH ARG …` or `python -m MODULE ARG …`, with our standard streams, in our process
group; the agent comes in through `sitecustomize` (`compare/observe/startup`). What the terminal sends reaches it
directly; a signal sent to us alone is passed on. When it has ended we end in the same way: with its exit status, or
by the same signal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from compare.results import CpuSeconds, Run
from compare.scenarios.script import signals
from compare.scenarios.script.follow import Follower, Rows
from compare.scenarios.watcher import Watcher

if TYPE_CHECKING:
    import resource
    from collections.abc import Callable, Mapping, Sequence

    from compare.observe import Link
    from compare.results import Observation
    from compare.scenarios.script.follow import Hear
    from compare.scenarios.script.signals import Ended

STARTUP = Path(__file__).parent.parent.parent / "observe" / "agent" / "startup"
SHARE = 0.05
"""How much of one processor the sampler uses, as far as the threshold allows."""


class ScriptError(Exception):
    """The program can't be run or watched; the message is one line."""


def command_line(argv: Sequence[str], *, module: bool) -> list[str]:
    """Return what starts the program, as the user would without us.

    Raises:
        ScriptError: there is no such file.
    """
    if not module and not Path(argv[0]).exists():
        message = f"no program at {argv[0]}: give the path of a Python file, or -m MODULE"
        raise ScriptError(message)
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001  as multiprocessing does
    return [sys.executable, *flags, *(["-m"] if module else []), *argv]


def environment(link: Link | None) -> dict[str, str]:
    """Return the program's environment: ours, and what lets the agent in and is taken out again by it."""
    if link is None:
        return dict(os.environ)
    env = dict(os.environ) | link.env
    path = [str(STARTUP)]
    if "PYTHONPATH" in env:
        env["COMPARE_PYTHONPATH"] = env["PYTHONPATH"]
        path.append(env["PYTHONPATH"])
    return env | {"PYTHONPATH": os.pathsep.join(path)}


def run(  # noqa: PLR0913  what a watch is made of
    argv: Sequence[str],
    *,
    module: bool = False,
    threshold_ms: float = 10.0,
    imports: bool = False,
    share: float = SHARE,
    hear: Hear | None = None,
    keep_s: float | None = None,
    taken: Mapping[signal.Signals, Callable[[], None]] | None = None,
    streams: Mapping[int, int] | None = None,
) -> tuple[Run, int]:
    """Run a program under the observer until it ends; returns the row, and `waitpid`'s status.

    Args:
        argv: the program and its arguments.
        module: whether it is named as a module.
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
    command = command_line(argv, module=module)
    with Watcher() as watcher, contextlib.ExitStack() as stack:
        if (link := watcher.link()) is not None:
            stack.enter_context(link)
        blocked = stack.enter_context(signals.held())
        try:
            pid = _spawn(command, link, blocked, streams or {})
        except OSError as error:
            message = f"the program can't be started: {error}"
            raise ScriptError(message) from None
        how = {"imports": imports, "share": share, "news": hear is not None, "keep_s": keep_s}
        watcher.begin(pid, link, threshold_ms, plain_threads=False, **how)
        row = partial(row_of, argv, threshold_ms, None, module=module)
        rows = Rows(lambda: row(watcher.so_far()), lambda: row(watcher.recorded()))
        with Follower(watcher.news, rows, hear) as follower:
            ended = signals.attend(pid, taken or {})
        seen = watcher.end()
    trouble = watcher.trouble or follower.trouble
    return row_of(argv, threshold_ms, ended, seen, module=module, trouble=trouble), ended.status


def _spawn(command: list[str], link: Link | None, blocked: set[int], streams: Mapping[int, int]) -> int:
    for descriptor in link.fds if link is not None else ():
        os.set_inheritable(descriptor, True)  # noqa: FBT003  its only form
    # What was blocked or ignored when we were started stays so; SIGPIPE and SIGXFSZ our interpreter ignores by itself.
    by_us = [signal.SIGPIPE, signal.SIGXFSZ]
    moved = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in streams.items()]
    pid = os.posix_spawn(
        command[0], command, environment(link), file_actions=moved, setsigmask=blocked, setsigdef=by_us
    )
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # the program's to inherit; but we must hear of its end
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return pid


def row_of(  # noqa: PLR0913  what a row is made of
    argv: Sequence[str],
    threshold_ms: float,
    ended: Ended | None,
    seen: Observation | None,
    *,
    module: bool = False,
    trouble: str | None = None,
) -> Run:
    """Return what is told of a program; `trouble`: why it was not observed."""
    from compare.scenarios.shared import verdict  # noqa: PLC0415  it is for the end

    status = ended.exit_status if ended is not None else None
    usage = ended.usage if ended is not None else None
    reason = None
    if status is not None and status < 0:
        reason = f"ended by {signal.Signals(-status).name}"
    elif status:
        reason = f"exit status {status}"
    row = Run(
        scenario="script",
        workload={"argv": list(argv), "module": module, "threshold_ms": threshold_ms},
        variant=" ".join(argv),
        backend=None,
        recipe=None,
        libraries={},
        outcome="failed" if reason else "ok",
        reason=reason,
        exit_status=status,
        cpu_seconds=_cpu(usage),
        threads=seen.threads if seen is not None else 0,
        rss_mib=usage.ru_maxrss / 1024 if usage is not None else 0.0,
        observation=seen,
        notes=(trouble,) if trouble is not None else (),
    )
    return verdict.told(row)


def _cpu(usage: resource.struct_rusage | None) -> CpuSeconds | None:
    return CpuSeconds(usage.ru_utime, usage.ru_stime) if usage is not None else None
