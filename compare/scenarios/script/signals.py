"""Signals around a program that is our child, in our own process group: what is passed on, and when we stop with it.

What the terminal sends reaches the program directly; what is sent to us alone is passed on. We stop with it where the
terminal's job control has stopped it: then our shell sees its job stop, and continues us both. Who stops the program by
itself with SIGSTOP (cpulimit, a job manager) continues it by itself too, and would leave us stopped for ever.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.observe.kernel.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PASSED_ON = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2})
STOPS = frozenset({signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU})
HELD = PASSED_ON | STOPS | {signal.SIGCONT, signal.SIGCHLD}
FROM_KERNEL = 0x80
"""`SI_KERNEL`, sigaction(2): the terminal sent it, to the program too."""
RECENT_S = 5.0
"""A program may first tidy the screen, and stop itself then: so long after the terminal's signal it is still that."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: `waitpid`'s status, and what it used."""

    status: int
    usage: resource.struct_rusage | None

    @property
    def exit_status(self) -> int:
        """Its exit status; negative for a signal."""
        return os.waitstatus_to_exitcode(self.status)


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


def attend(pid: int, taken: Mapping[signal.Signals, Callable[[], None]]) -> Ended:
    """Wait for the program's end; signals are `held` meanwhile, and those that are `taken` are not passed on."""
    return _Attendant(pid, taken).wait()


class _Attendant:
    def __init__(self, pid: int, taken: Mapping[signal.Signals, Callable[[], None]]) -> None:
        self._pid, self._taken = pid, taken
        self._process = Process(pid)
        self._stop: tuple[signal.Signals, float] | None = None
        """Which signal told us to stop last, and when."""

    def wait(self) -> Ended:
        while True:
            info = signal.sigwaitinfo(HELD)
            if info.si_signo != signal.SIGCHLD:
                self._take(signal.Signals(info.si_signo), from_terminal=info.si_code == FROM_KERNEL)
            found, status, usage = os.wait4(self._pid, os.WNOHANG)
            if found == self._pid:
                return Ended(status, usage)
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


def end_alike(status: int) -> int:
    """End as the program did: returns its exit status, or dies by its signal (and leaves no core)."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    sys.stdout.flush()
    sys.stderr.flush()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -code not in {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
    os.kill(os.getpid(), -code)
    return 128 - code
