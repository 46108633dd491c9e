"""A program as a plain child: where signals can't be taken one by one while we wait for it (Windows, macOS).

What a terminal sends reaches the program directly. A signal sent to us alone is passed on, where there are signals.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from compare.process.groups import ENDING
from compare.scenarios.script.ended import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


class Program:
    """The program, while it runs."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Take the child."""
        self._process = process
        self.pid = process.pid

    def wait(self) -> Ended:
        """Wait for its end."""
        return Ended(self._process.wait())


@contextlib.contextmanager
def started(
    command: Sequence[str],
    env: Mapping[str, str],
    descriptors: Sequence[int],
    streams: Mapping[int, int],
    taken: Mapping[signal.Signals, Callable[[], None]],
) -> Iterator[Program]:
    """Start it with our standard streams; signals that end a program are its own until the block ends.

    Args:
        command: the program and its arguments.
        env: its environment.
        descriptors: what it inherits.
        streams: which of its standard streams (0, 1, 2) are to be which other descriptors of ours.
        taken: signals that are not passed on, and what is done when one comes.

    Raises:
        OSError: it can't be started.
    """
    stdin, stdout, stderr = (streams.get(number) for number in range(3))
    process = subprocess.Popen(  # noqa: S603  the user's own
        command, env=env, stdin=stdin, stdout=stdout, stderr=stderr, pass_fds=descriptors
    )

    def pass_on(signum: int, _frame: object) -> None:
        if sys.platform != "win32" and signum != signal.SIGINT:  # which its terminal has sent to both
            with contextlib.suppress(OSError):
                os.kill(process.pid, signum)

    before = {signum: signal.signal(signum, pass_on) for signum in ENDING}
    before |= {signum: signal.signal(signum, lambda *_, do=do: do()) for signum, do in taken.items()}
    try:
        yield Program(process)
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
