"""A thread for each pipe: plain reads and writes, none of which waits for another.

What `communicate` does with one wait for all pipes, threads do by waiting in each pipe
for itself: two that read to the end, one that writes. It is what `communicate` does on
Windows, where pipes can't be polled.

A thread that waits in `read` can't be ended. At the time limit the child's session is
killed, so that each pipe comes to its end and each thread with it. What has left the
session (a daemon that called `setsid`) may keep a pipe open: then its thread stays
until that one ends, and the caller does not wait for it.

**Where it still blocks:** each thread in `read` or `write`, the caller in `join`.

**Use it when** pipes must be read as they come, by code that blocks: a log to be copied
line by line while the other pipe is kept.

**The idea** is in `run`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

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
    process = subprocess.Popen(
        arguments, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    )
    deadline = None if timeout is None else time.monotonic() + timeout
    out, err = bytearray(), bytearray()
    threads = [
        threading.Thread(target=_feed, args=(process.stdin, data), daemon=True),
        threading.Thread(target=_drain, args=(process.stdout, out), daemon=True),
        threading.Thread(target=_drain, args=(process.stderr, err), daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_left(deadline))
            if thread.is_alive():
                break
        else:
            process.wait(_left(deadline))
            return process.returncode, bytes(out), bytes(err)
    except subprocess.TimeoutExpired:  # it has closed its pipes, and goes on
        pass
    finally:
        if process.returncode is None:
            _kill(process)
            process.wait()
    message = f"{arguments[0]} took more than {timeout} s"
    raise TimeoutError(message)


def lines(arguments: Sequence[str]) -> Iterator[bytes]:
    """Give each line as it comes, with its end; whoever stops early ends the child.

    A thread takes what the child writes to its other pipe, so that it never waits.

    Raises:
        OSError: it can't be started.
        subprocess.CalledProcessError: its status was not 0, told after the last line,
            with what it wrote to its standard error.
    """
    err = bytearray()
    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        drain = threading.Thread(target=_drain, args=(process.stderr, err), daemon=True)
        drain.start()
        try:
            yield from process.stdout
            drain.join()
        except BaseException:  # GeneratorExit, when the caller has seen enough
            _kill(process)
            drain.join()
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(
            process.returncode, list(arguments), stderr=bytes(err)
        )


def _feed(pipe: IO[bytes], data: bytes) -> None:
    # it need not read to the end; closing would write what is left once more
    with suppress(BrokenPipeError), pipe:
        pipe.write(data)


def _drain(pipe: IO[bytes], into: bytearray) -> None:
    with pipe:
        into += pipe.read()


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


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
