"""`asyncio.create_subprocess_exec`, with a task for each pipe.

One task feeds and waits for room (`drain`), two read to the end, and the child's status
is waited for last: a `wait()` before its pipes are empty may wait for ever. That is
what `Process.communicate()` does too; what it leaves open is what happens when it is
cancelled. The child is then neither killed nor waited for, and a pipe that nobody reads
to its end stays open. So here a caller that gives up, at the time limit or cancelled,
kills the child's whole session and closes our ends of its pipes.

`readline()` raises `ValueError` at a line of more than 64 KiB, so `lines` reads chunks
and splits them itself.

**Where it still blocks:** starting a child. The loop's own thread waits until the
program has been started, some milliseconds each: in `vfork`, on uvloop in `read`, on a
pipe. Python 3.11 has, besides, a thread for each child, in `waitpid`.

**Use it when** a program on asyncio runs a program now and then.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

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
    pipe = asyncio.subprocess.PIPE
    process = await _start(arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(timeout), asyncio.TaskGroup() as group:
            group.create_task(_feed(process.stdin, data))
            out = group.create_task(process.stdout.read())
            err = group.create_task(process.stderr.read())
            group.create_task(process.wait())
    except TimeoutError:
        await _end(process)
        message = f"{arguments[0]} took more than {timeout} s"
        raise TimeoutError(message) from None
    except BaseException:
        await _end(process)
        raise
    assert process.returncode is not None
    return process.returncode, out.result(), err.result()


async def _feed(pipe: asyncio.StreamWriter, data: bytes) -> None:
    view = memoryview(data)
    with suppress(BrokenPipeError, ConnectionResetError):  # it need not read it all
        for start in range(0, len(data), CHUNK):
            if pipe.is_closing():
                return
            pipe.write(view[start : start + CHUNK])
            await pipe.drain()
    pipe.close()


async def lines(arguments: Sequence[str]) -> AsyncIterator[bytes]:
    """Give each line as it comes, with its end; of any length.

    Whoever stops early ends the child: `async with contextlib.aclosing(lines(…))` does
    it there and then, a mere `break` when the loop gets to it.

    Raises:
        OSError: it can't be started.
        subprocess.CalledProcessError: its status was not 0, told after the last line.
    """
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await _start(arguments, stdin=nothing, stdout=pipe)
    assert process.stdout is not None
    rest = bytearray()
    try:
        while chunk := await process.stdout.read(CHUNK):
            rest += chunk
            if b"\n" in chunk:
                *whole, last = bytes(rest).split(b"\n")
                for line in whole:
                    yield line + b"\n"
                rest = bytearray(last)
        if rest:
            yield bytes(rest)
        status = await process.wait()
    except BaseException:  # GeneratorExit, when the caller has seen enough
        await _end(process)
        raise
    if status:
        raise subprocess.CalledProcessError(status, list(arguments))


async def _start(arguments: Sequence[str], **pipes: Any) -> asyncio.subprocess.Process:
    """Start a child; cancelled meanwhile, uvloop would kill it and leave a zombie."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(*arguments, start_new_session=True, **pipes)
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a child and all that it started, close our ends, and wait for it."""
    with suppress(ProcessLookupError):
        if sys.platform == "win32":  # it has no sessions: the child alone is ended
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    transport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001
    for fd in (0, 1, 2):  # there is no public way, and nobody else closes them
        if pipe := transport.get_pipe_transport(fd):
            # what is still to be written is lost
            pipe.abort() if not fd and pipe.get_write_buffer_size() else pipe.close()
    await process.wait()


if __name__ == "__main__":
    from recipes.child_pipes import main

    main(lambda arguments: asyncio.run(run(arguments)))
