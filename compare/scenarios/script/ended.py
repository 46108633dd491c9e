"""How a program ended, and how we end alike."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compare.results import CpuSeconds


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit status, negative for a signal, and what it used, where the system tells that."""

    exit_status: int
    cpu: CpuSeconds | None = None
    peak_mib: float = 0.0


def end_alike(status: int) -> int:
    """End as the program did: returns its exit status, or dies by its signal (and leaves no core)."""
    if sys.platform != "win32" and status < 0:
        _die_by(-status)
    return status if status >= 0 else 128 - status


if sys.platform != "win32":

    def _die_by(signum: int) -> None:
        import resource  # noqa: PLC0415  not everywhere, and seldom needed

        sys.stdout.flush()
        sys.stderr.flush()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if signum not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(signum, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signum})
        os.kill(os.getpid(), signum)
