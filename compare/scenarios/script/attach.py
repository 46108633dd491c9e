"""`script --pid`: a process that runs already is watched from outside, until it ends, for a time, or until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.observe import Observer
from compare.observe.interpreter.target import embedded_in
from compare.observe.started.observer import ObserverError
from compare.process.groups import ENDING
from compare.scenarios.script.follow import Follower, Rows
from compare.scenarios.script.program import SHARE, ScriptError, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from compare.results import Observation, Run
    from compare.scenarios.script.follow import Hear


YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
NOBODY = 3


def watch(  # noqa: PLR0913  what a watch is made of
    pid: int,
    *,
    threshold_ms: float = 10.0,
    duration_s: float | None = None,
    imports: bool = False,
    share: float = SHARE,
    hear: Hear | None = None,
    keep_s: float | None = None,
    enters: bool = True,
    taken: Mapping[signal.Signals, Callable[[], None]] | None = None,
) -> Run:
    """Watch a running process: system calls, threads, Python lines; with an agent in it also what only that tells.

    Args:
        pid: the process.
        threshold_ms: findings and stalls below this are not told, in milliseconds.
        duration_s: for how long, in seconds; `None`: until it ends, or a signal (Ctrl-C) ends the watch.
        imports: whether what a module's import waits for and computes holds a loop, too.
        share: how much of one processor the sampler may use.
        hear: takes what is new, four times a second, in a thread of its own.
        keep_s: the lanes of so many seconds are kept, of the last ones; `None`: all.
        enters: whether an agent is let into the process, where it takes one (Python 3.14 and later), until the end.
        taken: signals to us that do not end the watch, and what is done instead.

    Raises:
        ScriptError: there is no such process, it may not be watched, or its Python can't be read from ours.
    """
    _check_right_to(pid)
    with _woken_by(ENDING, taken or {}) as woken, contextlib.ExitStack() as stack:
        try:
            process = _handle(pid)
            stack.callback(os.close, process)
            observer = stack.enter_context(Observer())
            observer.begin(
                pid, None, threshold_ms=threshold_ms, plain_threads=True, imports=imports, share=share,
                news=hear is not None, keep_s=keep_s, enters=enters,
            )  # fmt: skip
            _check_is_readable(pid, observer.unreadable)
            until = "it ends or Ctrl-C" if duration_s is None else f"{duration_s:g} s are over, it ends, or Ctrl-C"
            how = "" if enters else ", from outside alone"
            sys.stderr.write(f"compare: watching process {pid}{how}, until {until}\n")
            sys.stderr.flush()
            row = partial(_row, pid, threshold_ms)
            rows = Rows(lambda: row(observer.so_far()), lambda: row(observer.recorded()))
            with Follower(observer.news, rows, hear) as follower:
                _wait([process, observer if hear is None else follower], woken, duration_s)
            seen = observer.end()
        except (ObserverError, OSError) as error:
            message = f"--pid: process {pid} can't be watched: {error}"
            raise ScriptError(message) from None
    return _row(pid, threshold_ms, seen, follower.trouble)


def _row(pid: int, threshold_ms: float, seen: Observation, trouble: str | None = None) -> Run:
    return row_of([f"process {pid}"], threshold_ms, None, seen, trouble=trouble)


def _wait(ends: list[Any], woken: socket.socket, seconds: float | None) -> None:
    """Until one of these can be read from, one of the signals that end the watch has come, or the time is over."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        left = None if deadline is None else max(deadline - time.monotonic(), 0)
        ready, _, _ = select.select([*ends, woken], [], [], left)
        if ready != [woken] or any(signum in ENDING for signum in woken.recv(64)):
            return


@contextlib.contextmanager
def _woken_by(
    signals: tuple[signal.Signals, ...], taken: Mapping[signal.Signals, Callable[[], None]]
) -> Iterator[socket.socket]:
    """A descriptor that tells which of these signals has come; none of them ends us meanwhile."""
    woken, wake = socket.socketpair()
    wake.setblocking(False)  # noqa: FBT003  its only form
    # Ctrl-C counts though it was ignored when we were started (`&` in a script): whoever sends it wants what was seen.
    heeded = [each for each in signals if each is signal.SIGINT or signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, lambda *_: None) for each in heeded}
    before |= {each: signal.signal(each, lambda *_, do=do: do()) for each, do in taken.items()}
    outer = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    try:
        yield woken
    finally:
        signal.set_wakeup_fd(outer)
        for each, handler in before.items():
            signal.signal(each, handler)
        woken.close()
        wake.close()


def _handle(pid: int) -> int:
    """What can be waited for until the process ends."""
    number = -1
    if sys.platform == "linux":
        number = os.pidfd_open(pid)
    return number


def _check_right_to(pid: int) -> None:
    if not Path("/proc/self/task").exists():
        message = "--pid: a running process is watched through /proc, and this system has none: start it with script"
        raise ScriptError(message)
    if not Path(f"/proc/{pid}").exists():
        message = f"--pid: there is no process {pid}"
        raise ScriptError(message)
    try:
        os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115  a link that only the kernel can follow
    except FileNotFoundError:
        message = f"--pid: process {pid} runs no program: it has ended and waits for its parent, or is the kernel's own"
        raise ScriptError(message) from None
    except OSError:
        pass  # what may not be read is told of below
    try:
        Path(f"/proc/{pid}/syscall").read_bytes()
    except PermissionError:
        message = f"--pid: process {pid} may not be watched: {right_needed(pid)}"
        raise ScriptError(message) from None
    except OSError as error:
        message = f"--pid: process {pid} can't be watched: {error.strerror}"
        raise ScriptError(message) from None


def right_needed(pid: int, yama: Path = YAMA) -> str:
    """Say what it takes to read a process that we may not read: ptrace(2), "Ptrace access mode checking"."""
    with contextlib.suppress(OSError, ValueError):
        scope = int(yama.read_text())
        if scope == NOBODY:
            return "kernel.yama.ptrace_scope is 3 here, which forbids it; only a restart of the machine changes it"
        if sys.platform == "linux" and scope and Path(f"/proc/{pid}").stat().st_uid == os.geteuid():
            return f"kernel.yama.ptrace_scope is {scope} here: run as root, or with CAP_SYS_PTRACE"
    return "run as its user, or as root (in a container also with CAP_SYS_PTRACE)"


def _check_is_readable(pid: int, why: str | None) -> None:
    """Another Python's stacks that can't be read from ours can be from there; no other program's can."""
    if why is None:
        return
    executable = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")  # noqa: PTH115
    if Path(executable).name.startswith("python") and not Path(sys.executable).samefile(f"/proc/{pid}/exe"):
        message = (
            f"--pid: the Python stacks of process {pid} can't be read from {sys.executable} ({why}): "
            f"use its own, `{executable} -m compare script --pid {pid}`"
        )
        raise ScriptError(message)
    if (library := embedded_in(pid)) is not None:
        message = (
            f"--pid: the Python inside {executable}, process {pid}, can't be read from {sys.executable}: "
            f"use a Python that is made of {library}, or start the service by one"
        )
        raise ScriptError(message)
