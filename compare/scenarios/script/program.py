"""Scenario `script`: any Python program of the user's, unchanged, under the observer.

The program is started as `python PATH ARG …` or `python -m MODULE ARG …`, with our standard streams, in our process
group; the agent comes in through `sitecustomize` (`compare/observe/startup`). What the terminal sends reaches it
directly; a signal sent to us alone is passed on. When it has ended we end in the same way: with its exit status, or
by the same signal.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compare.observe import Observer
from compare.observe.kernel.proc import Process
from compare.results import CpuSeconds, Run
from compare.scenarios.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compare.observe import Link
    from compare.results import Observation

STARTUP = Path(__file__).parent.parent.parent / "observe" / "agent" / "startup"
FORWARDED = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT}
)
FROM_KERNEL = 0x80
"""`SI_KERNEL`, sigaction(2): the terminal sent it, to the program too."""


class ScriptError(Exception):
    """The program can't be run or watched; the message is one line."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: `waitpid`'s status, and what it used."""

    status: int
    usage: resource.struct_rusage | None

    @property
    def exit_status(self) -> int:
        """Its exit status; negative for a signal."""
        return os.waitstatus_to_exitcode(self.status)


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


def run(argv: Sequence[str], *, module: bool = False, threshold_ms: float = 10.0) -> tuple[Run, int]:
    """Run a program under the observer until it ends; returns the row, and `waitpid`'s status.

    Raises:
        ScriptError: it can't be started.
    """
    command = command_line(argv, module=module)
    with Watcher() as watcher, contextlib.ExitStack() as stack:
        if (link := watcher.link()) is not None:
            stack.enter_context(link)
        stack.enter_context(_signals_held())
        try:
            pid = _spawn(command, link)
        except OSError as error:
            message = f"the program can't be started: {error}"
            raise ScriptError(message) from None
        watcher.begin(pid, link, threshold_ms, plain_threads=False)
        ended = _attend(pid)
        seen = watcher.end()
    return _row(argv, threshold_ms, ended, seen, module=module, trouble=watcher.trouble), ended.status


def watch(pid: int, *, threshold_ms: float = 10.0) -> Run:
    """Watch a running process until it ends or Ctrl-C; without its cooperation, so with system calls and threads.

    Raises:
        ScriptError: there is no such process, or it may not be watched.
    """
    _check_right_to(pid)
    process = Process(pid)
    with Observer() as observer:
        observer.begin(pid, None, threshold_ms=threshold_ms, plain_threads=True)
        sys.stderr.write(f"compare: watching process {pid}, from outside alone, until it ends or Ctrl-C\n")
        sys.stderr.flush()
        with contextlib.suppress(KeyboardInterrupt):
            while process.state() not in {"", "Z"}:
                time.sleep(0.05)
        seen = observer.end()
    return _row([f"process {pid}"], threshold_ms, None, seen)


def end_alike(status: int) -> int:
    """End as the program did: returns its exit status, or dies by its signal (and leaves no core)."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    sys.stdout.flush()
    sys.stderr.flush()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(-code, signal.SIG_DFL) if -code not in {signal.SIGKILL, signal.SIGSTOP} else None
    os.kill(os.getpid(), -code)
    return 128 - code


def _spawn(command: list[str], link: Link | None) -> int:
    for descriptor in link.fds if link is not None else ():
        os.set_inheritable(descriptor, True)  # noqa: FBT003  its only form
    env = environment(link)
    # A program starts with the signals that a shell would give it: none blocked, SIGPIPE not ignored.
    return os.posix_spawn(command[0], command, env, setsigmask=[], setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """While the program runs, signals are taken one by one where we wait for them, and nowhere else."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED | {signal.SIGCHLD})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _attend(pid: int) -> Ended:
    """Wait for the program, pass on what is sent to us alone, and stop when it is stopped."""
    while True:
        info = signal.sigwaitinfo(FORWARDED | {signal.SIGCHLD})
        if info.si_signo != signal.SIGCHLD:
            if info.si_code != FROM_KERNEL and info.si_signo != signal.SIGCONT:
                os.kill(pid, info.si_signo)
            continue
        found, status, usage = os.wait4(pid, os.WNOHANG | os.WUNTRACED)
        if found != pid:
            continue  # the sampler's, or news of a child that goes on
        if os.WIFSTOPPED(status):
            os.kill(os.getpid(), signal.SIGSTOP)  # the shell sees its job stop, and starts both again
            os.kill(pid, signal.SIGCONT)
            continue
        return Ended(status, usage)


def _row(  # noqa: PLR0913  what a row is made of
    argv: Sequence[str],
    threshold_ms: float,
    ended: Ended | None,
    seen: Observation | None,
    *,
    module: bool = False,
    trouble: str | None = None,
) -> Run:
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


def _check_right_to(pid: int) -> None:
    if not Path(f"/proc/{pid}").exists():
        message = f"--pid: there is no process {pid}"
        raise ScriptError(message)
    try:
        Path(f"/proc/{pid}/syscall").read_bytes()
    except PermissionError:
        message = f"--pid: process {pid} may not be watched: run as its user, or as root"
        raise ScriptError(message) from None
    except OSError as error:
        message = f"--pid: process {pid} can't be watched: {error.strerror}"
        raise ScriptError(message) from None
