"""A whole child in a worker thread: start, feed, drain, wait, in one hop.

`communicate` runs in a thread of the loop's default pool, and so does `Popen`, which
the other ways on asyncio call in the loop's thread. A thread can't be cancelled; what
it waits for can be ended. So a caller that gives up kills the child's session, which
brings the thread back, and stays until it has come.

**Where it still blocks:** in `vfork`, `poll` and `wait4`, in the default pool's
`min(32, CPUs + 4)` threads, which the rest of the program shares. One child more than
there are threads is not even started before another has ended, and its time limit
begins only then. A daemon that has left the session is not killed; where it keeps a
pipe open, a cancelled call waits for it, until the time limit where one was given.

**Use it when** there are few children at a time, and the loop must never be held.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    import io
    from collections.abc import AsyncIterator, Callable, Sequence

T = TypeVar("T")

CHUNK = 1 << 16
"""As much as a pipe holds, in bytes (pipe(7))."""


async def run(
    arguments: Sequence[str], data: bytes = b"", timeout: float | None = None
) -> tuple[int, bytes, bytes]:
    """Feed a child, and return its status and all that it wrote to its two pipes.

    Raises:
        OSError: it can't be started; `FileNotFoundError` for no such program.
        TimeoutError: it took more than `timeout` seconds; it and what it started are
            gone.
    """
    pipe = subprocess.PIPE
    child = _Child(arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    return await child.hop(_communicate, child, data, timeout)


def _communicate(
    child: _Child, data: bytes, timeout: float | None
) -> tuple[int, bytes, bytes]:
    with child.start() as process:  # from here on a worker thread blocks
        try:
            out, err = process.communicate(data, timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            message = f"{child.arguments[0]} took more than {timeout} s"
            raise TimeoutError(message) from None
    return process.returncode, out, err


class _Child:
    """A process that worker threads start and wait for, and that the loop can end."""

    def __init__(self, arguments: Sequence[str], **pipes: Any) -> None:
        self.arguments, self.pipes = arguments, pipes
        self.process: subprocess.Popen[bytes] | None = None
        self.given_up = False
        self.lock = threading.Lock()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, unless nobody waits for it any more."""
        with self.lock:
            if self.given_up:
                message = "its caller has gone"
                raise ChildProcessError(message)
            self.process = subprocess.Popen(
                self.arguments, start_new_session=True, **self.pipes
            )
            return self.process

    def kill(self) -> None:
        """End it and all that it started, as far as that is still in its session."""
        with self.lock:  # held for as long as a start takes
            self.given_up = True
        if self.process:
            with suppress(ProcessLookupError):
                if sys.platform == "win32":  # no sessions there: the child alone
                    self.process.kill()
                else:
                    os.killpg(self.process.pid, signal.SIGKILL)

    async def hop(self, function: Callable[..., T], *arguments: object) -> T:
        """Call a function in a worker; when cancelled, kill the child and wait."""
        work = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
        try:
            await asyncio.wait({work})  # it goes on when this is cancelled
        except asyncio.CancelledError:
            self.kill()
            if self.process is None:
                work.cancel()  # it is queued for a thread, and will not begin
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()  # of no interest any more
            raise
        return work.result()


async def lines(arguments: Sequence[str]) -> AsyncIterator[bytes]:
    """Give each line as it comes, with its end; a hop for a chunk, not for a line.

    Whoever stops early ends the child: `async with contextlib.aclosing(lines(…))` does
    it there and then, a mere `break` when the loop gets to it.

    Raises:
        OSError: it can't be started.
        subprocess.CalledProcessError: its status was not 0, told after the last line.
    """
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    child = _Child(arguments, **pipes)
    rest = bytearray()
    try:
        process = await child.hop(child.start)
        assert process.stdout is not None
        read = cast("io.BufferedReader", process.stdout).read1
        while chunk := await child.hop(read, CHUNK):
            rest += chunk
            if b"\n" in chunk:
                *whole, last = bytes(rest).split(b"\n")
                for line in whole:
                    yield line + b"\n"
                rest = bytearray(last)
        if rest:
            yield bytes(rest)
        status = await child.hop(process.wait)
    except BaseException:  # GeneratorExit, when the caller has seen enough
        child.kill()
        raise
    finally:
        if child.process:
            await asyncio.to_thread(_close, child.process)
    if status:
        raise subprocess.CalledProcessError(status, list(arguments))


def _close(process: subprocess.Popen[bytes]) -> None:
    with process:
        pass


if __name__ == "__main__":
    from recipes.child_pipes import main

    main(lambda arguments: asyncio.run(run(arguments)))
