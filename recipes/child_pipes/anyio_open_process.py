"""`anyio.open_process`, with a task for each pipe: one source for asyncio and trio.

`anyio.run_process` is shorter, and stops short: on trio it raises
`BrokenResourceError` for a child that does not read to the end, and when it is
cancelled it kills the child alone, while what that started goes on. So this opens the
process itself, feeds and drains it in a task group, and kills its whole session when it
gives up.

**Where it still blocks:** on asyncio, starting a child: `Popen` is called in the loop's
own thread, some milliseconds each. On trio nowhere there: a worker thread starts it.

**Use it when** a library must run on both.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from anyio.abc import ByteReceiveStream, ByteSendStream, Process

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
    out, err = bytearray(), bytearray()
    with anyio.CancelScope(shield=True):  # half started, nobody could end it
        process = await anyio.open_process(list(arguments), start_new_session=True)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        with anyio.fail_after(timeout):
            async with anyio.create_task_group() as group:
                group.start_soon(_feed, process.stdin, data)
                group.start_soon(_drain, process.stdout, out)
                group.start_soon(_drain, process.stderr, err)
            status = await process.wait()
    except TimeoutError:
        _kill(process)
        message = f"{arguments[0]} took more than {timeout} s"
        raise TimeoutError(message) from None
    except BaseException:
        _kill(process)
        raise
    finally:
        await _close(process)
    return status, bytes(out), bytes(err)


async def _feed(pipe: ByteSendStream, data: bytes) -> None:
    view = memoryview(data)
    # it need not read to the end: asyncio, trio and uvloop each have their word for it
    with suppress(anyio.BrokenResourceError, ConnectionError, RuntimeError):
        for start in range(0, len(data), CHUNK):
            await pipe.send(bytes(view[start : start + CHUNK]))
    await pipe.aclose()


async def _drain(pipe: ByteReceiveStream, into: bytearray) -> None:
    async for chunk in pipe:
        into += chunk


async def lines(arguments: Sequence[str]) -> AsyncIterator[bytes]:
    """Give each line as it comes, with its end; of any length.

    Whoever may stop early writes `async with contextlib.aclosing(lines(…))`, which ends
    the child; trio warns of a generator that is just dropped.

    Raises:
        OSError: it can't be started.
        subprocess.CalledProcessError: its status was not 0, told after the last line.
    """
    with anyio.CancelScope(shield=True):  # half started, nobody could end it
        process = await anyio.open_process(
            list(arguments),
            stdin=subprocess.DEVNULL,
            stderr=None,
            start_new_session=True,
        )
    assert process.stdout is not None
    rest = bytearray()
    try:
        async for chunk in process.stdout:
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
        _kill(process)
        raise
    finally:
        await _close(process)
    if status:
        raise subprocess.CalledProcessError(status, list(arguments))


def _kill(process: Process) -> None:
    """End a child and all that it started, as far as that is still in its session."""
    with suppress(ProcessLookupError):
        if sys.platform == "win32":  # it has no sessions: the child alone is ended
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


async def _close(process: Process) -> None:
    with anyio.CancelScope(shield=True):
        await process.aclose()


if __name__ == "__main__":
    from recipes.child_pipes import main

    main(lambda arguments: anyio.run(run, arguments))
