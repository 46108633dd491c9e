"""A program as our child, in our own process group, on Linux: which signals are passed on, when we stop with it.

What the terminal sends reaches the program directly; what is sent to us alone is passed on. We stop with it where the
terminal's job control has stopped it: then our shell sees its job stop, and continues us both. Who stops the program by
itself with SIGSTOP (cpulimit, a job manager) continues it by itself too, and would leave us stopped for ever.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from compare.observe.kernel.processes import Process
from compare.results import CpuSeconds
from compare.scenarios.script.ended import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

assert sys.platform == "linux", "nobody else takes signals one by one: see plain_child"
PASSED_ON = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2})
STOPS = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
HELD = PASSED_ON | STOPS | {signal.SIGCONT, signal.SIGCHLD}
FROM_KERNEL = 0x80
"""`SI_KERNEL`, sigaction(2): the terminal sent it, to the program too."""
RECENT_S = 5.0
"""A program may first tidy the screen, and stop itself then: so long after the terminal's signal it is still that."""


@contextlib.contextmanager
def held() -> Iterator[set[int]]:
    """While the program runs, signals are taken one by one where we wait for them, and nowhere else.

    Yields the signals that were blocked before: the program is to start with these.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield set(before)
    finally:
        while signal.sigtimedwait(HELD, 0) is not None:
            pass  # meant for a program that has ended meanwhile: what was found is told all the same
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def started(
    command: Sequence[str],
    env: Mapping[str, str],
    descriptors: Sequence[int],
    streams: Mapping[int, int],
    taken: Mapping[signal.Signals, Callable[[], None]],
) -> Iterator[Program]:
    """Start a program with our standard streams; until the block ends, its signals are its own.

    Args:
        command: the program and its arguments.
        env: its environment.
        descriptors: what it inherits.
        streams: its descriptors that are to be others of ours.
        taken: signals that are not passed on, and what is done when one comes.

    Raises:
        OSError: it can't be started.
    """
    with held() as blocked:
        yield Program(_spawn(command, env, descriptors, streams, blocked), taken)


def _spawn(
    command: Sequence[str],
    env: Mapping[str, str],
    descriptors: Sequence[int],
    streams: Mapping[int, int],
    blocked: set[int],
) -> int:
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)  # noqa: FBT003  its only form
    # What was blocked or ignored when we were started stays so; SIGPIPE and SIGXFSZ our interpreter ignores by itself.
    by_us = [signal.SIGPIPE, signal.SIGXFSZ]
    moved = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in streams.items()]
    pid = os.posix_spawn(command[0], list(command), env, file_actions=moved, setsigmask=blocked, setsigdef=by_us)
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # the program's to inherit; but we must hear of its end
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return pid


class Program:
    """The program, while it runs."""

    def __init__(self, pid: int, taken: Mapping[signal.Signals, Callable[[], None]]) -> None:
        """Take the child's number, and the signals that are ours."""
        self.pid, self._pid, self._taken = pid, pid, taken
        self._process = Process(pid)
        self._stop: tuple[signal.Signals, float] | None = None
        """Which signal told us to stop last, and when."""

    def wait(self) -> Ended:
        """Wait for its end; signals are `held` meanwhile."""
        while True:
            info = signal.sigwaitinfo(HELD)
            if info.si_signo != signal.SIGCHLD:
                self._take(signal.Signals(info.si_signo), from_terminal=info.si_code == FROM_KERNEL)
            found, status, usage = os.wait4(self._pid, os.WNOHANG)
            if found == self._pid:
                cpu = CpuSeconds(usage.ru_utime, usage.ru_stime)
                return Ended(os.waitstatus_to_exitcode(status), cpu, usage.ru_maxrss / 1024)
            self._stop_with_it()

    def _take(self, signum: signal.Signals, *, from_terminal: bool) -> None:
        if signum in self._taken:
            self._taken[signum]()
            return
        if signum is signal.SIGCONT and not self._process.is_stopped():
            return
        if signum in STOPS:
            self._stop = signum, time.monotonic()
        if not from_terminal:
            with contextlib.suppress(OSError):  # it has another user's rights, and takes no signals from us
                os.kill(self._pid, signum)

    def _stop_with_it(self) -> None:
        """Stop by the signal that came from the terminal: the kernel drops it where no shell would continue us."""
        if self._stop is None or not self._process.is_stopped():
            return
        (signum, at), self._stop = self._stop, None
        if time.monotonic() - at < RECENT_S:
            before = signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signum})  # here we stop; SIGCONT is taken like any other
            signal.pthread_sigmask(signal.SIG_BLOCK, {signum})
            signal.signal(signum, before)
