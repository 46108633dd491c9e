"""`trio.run_process`: feeds, drains and waits, and ends the child when it is cancelled.

When the call returns, all of the child has ended. A child that does not read to the end
is no error. What is added here is the session: `deliver_cancel` would end the child
alone (`SIGTERM`, after five seconds `SIGKILL`), and when the child has gone and a
grandchild holds its pipe, `run_process` ends no one. So it is started with
`nursery.start`, which tells the child's number, and a caller that gives up kills its
whole session.

**Where it still blocks:** in no call of the loop's thread: trio starts a child in a
worker thread (and each start is a hop), its pipes are polled, and the end is a readable
descriptor (pidfd_open(2)).

**Use it when** a program on trio runs a program.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

CHUNK = 1 << 16
"""As much as a pipe holds, in bytes (pipe(7))."""
# which Windows has not
_OWN_SESSION: dict[str, Any] = {"start_new_session": sys.platform != "win32"}


async def run(
    arguments: Sequence[str], data: bytes = b"", timeout: float | None = None
) -> tuple[int, bytes, bytes]:
    """Feed a child, and return its status and all that it wrote to its two pipes.

    Raises:
        OSError: it can't be started; `FileNotFoundError` for no such program.
        TimeoutError: it took more than `timeout` seconds; it and what it started are
            gone.
    """
    done: list[subprocess.CompletedProcess[bytes]] = []
    process: trio.Process | None = None
    not_started: OSError | None = None

    async def child(task_status: trio.TaskStatus[trio.Process]) -> None:
        done.append(
            await trio.run_process(
                list(arguments),
                stdin=data,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                **_OWN_SESSION,
                deliver_cancel=_kill,
                task_status=task_status,
            )
        )

    with trio.move_on_after(float("inf") if timeout is None else timeout):
        try:
            async with trio.open_nursery() as nursery:
                try:
                    process = await nursery.start(child)
                except OSError as error:  # raised here it would come in a group
                    not_started = error
        finally:
            if (
                process and not done
            ):  # a grandchild may hold a pipe of a child that went
                await _kill(process)
    if not_started:
        raise not_started
    if not done:
        message = f"{arguments[0]} took more than {timeout} s"
        raise TimeoutError(message)
    return done[0].returncode, done[0].stdout, done[0].stderr


async def lines(arguments: Sequence[str]) -> AsyncIterator[bytes]:
    """Give each line as it comes, with its end; of any length.

    Whoever may stop early writes `async with contextlib.aclosing(lines(…))`, which ends
    the child; trio warns of a generator that is just dropped.

    Raises:
        OSError: it can't be started.
        subprocess.CalledProcessError: its status was not 0, told after the last line.
    """
    process = await trio.lowlevel.open_process(
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        **_OWN_SESSION,
    )
    assert process.stdout is not None
    rest = bytearray()
    try:
        while chunk := await process.stdout.receive_some(CHUNK):
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
        await _kill(process)
        raise
    finally:
        with trio.CancelScope(shield=True):
            await process.stdout.aclose()
            await process.wait()
    if status:
        raise subprocess.CalledProcessError(status, list(arguments))


async def _kill(process: trio.Process) -> None:
    """End a child and all that it started, as far as that is still in its session."""
    with suppress(ProcessLookupError):
        if sys.platform == "win32":  # it has no sessions: the child alone is ended
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    from recipes.child_pipes import main

    main(lambda arguments: trio.run(run, arguments))
