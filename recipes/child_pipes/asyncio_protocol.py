"""`loop.subprocess_exec` with a protocol: the child's pipes as callbacks, no streams.

The loop calls `pipe_data_received` with what came, `resume_writing` when there is room
for more, and `connection_lost` when the child has ended *and* all its pipes are at
their ends: the one moment at which there is nothing more to come. `transport.close()`
closes all pipes and is public, which the streams' `Process` lacks.

**Where it still blocks:** starting a child, some milliseconds each: in `vfork`, on
uvloop in `read`. Much data, or many children at once, hold the loop by their callbacks.
Python 3.11 has, besides, a thread for each child, in `waitpid`.

**Use it when** bytes are handled where they come (a progress bar, a parser), or when
each copy counts.

**The idea** is in `Child`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

CHUNK = 1 << 16
"""As much as a pipe holds, in bytes (pipe(7))."""

MOST = 1 << 20
"""How much may wait for the caller, in bytes, before the pipe is read no further."""


class Child(asyncio.SubprocessProtocol):
    """A child that is fed, and whose output is kept."""

    def __init__(self, data: bytes) -> None:
        """Take what the child is to be fed."""
        self.to_write = memoryview(data)
        self.read: dict[int, list[bytes]] = {1: [], 2: []}
        self.over = asyncio.Event()
        self.room = True

    def connection_made(self, transport: Any) -> None:
        """Begin to feed it."""
        self.transport, self.stdin = transport, transport.get_pipe_transport(0)
        self.feed()

    def feed(self) -> None:
        """Write until the loop says stop, and close the pipe when all is written."""
        while self.room and self.to_write and not self.stdin.is_closing():
            self.stdin.write(self.to_write[:CHUNK])
            self.to_write = self.to_write[CHUNK:]
        if not self.to_write:
            self.stdin.close()

    def pause_writing(self) -> None:
        """The child reads more slowly than we write."""
        self.room = False

    def resume_writing(self) -> None:
        """There is room again."""
        self.room = True
        # not at once: to close a pipe within this call breaks CPython's transport
        asyncio.get_running_loop().call_soon(self.feed)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what came."""
        self.read[fd].append(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """It has ended, and all pipes are at their ends."""
        self.transport.close()
        self.over.set()


P = TypeVar("P", "Child", "Lines")


async def run(
    arguments: Sequence[str], data: bytes = b"", timeout: float | None = None
) -> tuple[int, bytes, bytes]:
    """Feed a child, and return its status and all that it wrote to its two pipes.

    Raises:
        OSError: it can't be started; `FileNotFoundError` for no such program.
        TimeoutError: it took more than `timeout` seconds; it and what it started are
            gone.
    """
    transport, child = await _start(lambda: Child(data), arguments)
    try:
        async with asyncio.timeout(timeout):
            await child.over.wait()
    except TimeoutError:
        await _end(transport, child.over)
        message = f"{arguments[0]} took more than {timeout} s"
        raise TimeoutError(message) from None
    except BaseException:
        await _end(transport, child.over)
        raise
    status = transport.get_returncode()
    assert status is not None
    return status, b"".join(child.read[1]), b"".join(child.read[2])


class Lines(asyncio.SubprocessProtocol):
    """Puts lines into a queue, and stops reading while too many wait there."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.rest = bytearray()
        self.waiting = 0  # bytes that came since the queue was empty
        self.over = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        """Know the pipe, which is paused at times."""
        self.transport, self.stdout = transport, transport.get_pipe_transport(1)

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002
        """Split it, with what was left of the chunk before."""
        self.rest += data
        self.waiting += len(data)
        if b"\n" in data:
            *whole, last = bytes(self.rest).split(b"\n")
            for line in whole:
                self.queue.put_nowait(line + b"\n")
            self.rest = bytearray(last)
            if self.waiting > MOST:
                self.stdout.pause_reading()

    def pipe_connection_lost(self, *_: object) -> None:
        """The last line may lack its end."""
        if self.rest:
            self.queue.put_nowait(bytes(self.rest))
        self.queue.put_nowait(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """It has ended, and its pipe too."""
        self.transport.close()
        self.over.set()


async def lines(arguments: Sequence[str]) -> AsyncIterator[bytes]:
    """Give each line as it comes, with its end; of any length.

    Whoever stops early ends the child: `async with contextlib.aclosing(lines(…))` does
    it there and then, a mere `break` when the loop gets to it.

    Raises:
        OSError: it can't be started.
        subprocess.CalledProcessError: its status was not 0, told after the last line.
    """
    pipes = {"stdin": subprocess.DEVNULL, "stderr": None}
    transport, child = await _start(Lines, arguments, **pipes)
    try:
        while (line := await child.queue.get()) is not None:
            yield line
            if child.queue.empty():
                child.waiting = 0
                child.stdout.resume_reading()
        await child.over.wait()
    except BaseException:  # GeneratorExit, when the caller has seen enough
        await _end(transport, child.over)
        raise
    if status := transport.get_returncode():
        raise subprocess.CalledProcessError(status, list(arguments))


async def _start(
    protocol: Callable[[], P], arguments: Sequence[str], **pipes: Any
) -> tuple[asyncio.SubprocessTransport, P]:
    """Start a child; cancelled meanwhile, uvloop would kill it and leave a zombie."""
    loop = asyncio.get_running_loop()
    starting = asyncio.ensure_future(
        loop.subprocess_exec(protocol, *arguments, start_new_session=True, **pipes)
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        transport, child = await starting
        await _end(transport, child.over)
        raise


async def _end(transport: Any, over: asyncio.Event) -> None:
    """Kill a child and all that it started, close our ends, and wait for it."""
    with suppress(ProcessLookupError):
        if sys.platform == "win32":  # it has no sessions: the child alone is ended
            transport.kill()
        else:
            os.killpg(transport.get_pid(), signal.SIGKILL)
    for fd in (0, 1, 2):
        if pipe := transport.get_pipe_transport(fd):
            # what is still to be written is lost
            pipe.abort() if not fd and pipe.get_write_buffer_size() else pipe.close()
    await over.wait()


if __name__ == "__main__":
    from recipes.child_pipes import main

    main(lambda arguments: asyncio.run(run(arguments)))
