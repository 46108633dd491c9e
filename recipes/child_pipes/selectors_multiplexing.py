"""One `selectors` wait for all three pipes: what `communicate` does, written out.

Each pipe is nonblocking. The selector tells which have data or room, each gets one call
that can't wait, and a pipe that has come to its end is closed and no longer asked.
Writing stops where the pipe is full and goes on when there is room again; a child that
does not read to the end (`EPIPE`) is no error. The time limit is the selector's.

At the limit the child's session is killed and our ends are closed: whoever still holds
the others, wherever it went, is not waited for.

**Where it still blocks:** in one `epoll_wait` for all pipes, then in `wait4` for a
child that has closed its pipes and goes on, in the caller's own thread.

**Use it when** you want to see what `communicate` does, or need what it has not: data
handed on as it comes, in one thread.

**The idea** is in `_talk`.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

assert sys.platform != "win32", "Windows polls sockets alone"
REQUIRES = {"has": ("os.killpg", "os.set_blocking")}
CHUNK = 1 << 16
"""As much as a pipe holds, in bytes (pipe(7))."""


def run(
    arguments: Sequence[str], data: bytes = b"", timeout: float | None = None
) -> tuple[int, bytes, bytes]:
    """Feed a child, and return its status and all that it wrote to its two pipes.

    Raises:
        OSError: it can't be started; `FileNotFoundError` for no such program.
        TimeoutError: it took more than `timeout` seconds; it and what it started are
            gone.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        bufsize=0,
        start_new_session=True,
    ) as process:
        try:
            out, err = _talk(process, data, deadline)
            process.wait(_left(deadline))
        except (TimeoutError, subprocess.TimeoutExpired):
            _kill(process)
            message = f"{arguments[0]} took more than {timeout} s"
            raise TimeoutError(message) from None
        except BaseException:  # Ctrl+C
            _kill(process)
            raise
    return process.returncode, out, err


def _talk(
    process: subprocess.Popen[bytes], data: bytes, deadline: float | None
) -> tuple[bytes, bytes]:
    """Write and read as far as neither waits, until all pipes are at their ends."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    out: list[bytes] = []
    err: list[bytes] = []
    left = memoryview(data)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdin, selectors.EVENT_WRITE)
        selector.register(process.stdout, selectors.EVENT_READ, out)
        selector.register(process.stderr, selectors.EVENT_READ, err)
        for pipe in (process.stdin, process.stdout, process.stderr):
            os.set_blocking(pipe.fileno(), False)
        while selector.get_map():
            ready = selector.select(_left(deadline))
            if not ready and _left(deadline) == 0:
                raise TimeoutError
            for key, _ in ready:
                if key.data is None:
                    left = left[_write(key.fd, left) :]
                    at_end = not left
                else:
                    chunk = os.read(key.fd, CHUNK)
                    key.data.append(chunk)
                    at_end = not chunk
                if at_end:
                    selector.unregister(key.fd)
                    key.fileobj.close()  # type: ignore[union-attr]
    return b"".join(out), b"".join(err)


def _write(fd: int, data: memoryview) -> int:
    """Write what there is room for; what nobody will read counts as written."""
    try:
        return os.write(fd, data[:CHUNK])
    except BrokenPipeError:
        return len(data)


def lines(arguments: Sequence[str]) -> Iterator[bytes]:
    """Give each line as it comes, with its end; whoever stops early ends the child.

    One pipe alone needs no selector: its reader may wait in `read`.

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


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a child and all that it started, as far as that is still in its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    from recipes.child_pipes import main

    main(run)
