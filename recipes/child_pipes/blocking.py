"""`Popen.communicate`: one call feeds the child and drains both of its pipes.

A pipe holds 64 KiB. A parent that writes everything before it reads, or reads all of
one pipe before the other, waits for a child that waits for it. `communicate` waits for
all three pipes at once, which is why no code of yours should read or write them itself.

Two things `subprocess.run(…, timeout=…)` would not do: it kills the child alone, while
what the child started goes on, with the pipes open; and after a time limit it raises
what is no `TimeoutError`. Here the child leads a session of its own, and the whole of
it is killed.

**Where it still blocks:** in `poll` for the pipes and in `wait4` for the end, in the
caller's own thread; and in `vfork`, until the program has been started.

**Use it when** nothing else is waiting for this thread: scripts, command-line tools, a
worker thread of your own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def run(
    arguments: Sequence[str], data: bytes = b"", timeout: float | None = None
) -> tuple[int, bytes, bytes]:
    """Feed a child, and return its status and all that it wrote to its two pipes.

    Raises:
        OSError: it can't be started; `FileNotFoundError` for no such program.
        TimeoutError: it took more than `timeout` seconds; it and what it started are
            gone.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(data, timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            message = f"{arguments[0]} took more than {timeout} s"
            raise TimeoutError(message) from None
        except BaseException:  # Ctrl+C
            _kill(process)
            raise
    return process.returncode, out, err


def lines(arguments: Sequence[str]) -> Iterator[bytes]:
    """Give each line as it comes, with its end; whoever stops early ends the child.

    Raises:
        OSError: it can't be started.
        subprocess.CalledProcessError: its status was not 0, told after the last line.
    """
    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield from process.stdout
        except BaseException:  # GeneratorExit, when the caller has seen enough
            _kill(process)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(arguments))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a child and all that it started, as far as that is still in its session."""
    with suppress(ProcessLookupError):
        if sys.platform == "win32":  # it has no sessions: the child alone is ended
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    from recipes.child_pipes import main

    main(run)
