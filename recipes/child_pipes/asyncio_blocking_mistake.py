"""A mistake: `subprocess.run` inside `async def`, which stops the whole event loop.

There is no `await` in it, so the loop's thread itself sleeps until the child has ended,
and with it every task, timer and socket of the program. `timeout=` ends the child in
time and the wait with it, and nothing else goes on until then.

**Where it still blocks:** in `poll` and `wait4`, in the loop thread, for as long as the
child lives. A `TaskGroup` around it changes nothing: the children run one after the
other.

**Use it when** never. `asyncio_to_thread` is one line away.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


async def run(
    arguments: Sequence[str], data: bytes = b"", timeout: float | None = None
) -> tuple[int, bytes, bytes]:
    """Feed a child and wait for it, with the loop blocked meanwhile.

    Raises:
        OSError: it can't be started; `FileNotFoundError` for no such program.
        TimeoutError: it took more than `timeout` seconds; it and what it started are
            gone.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: ASYNC220  the mistake that is shown
        arguments, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(data, timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            message = f"{arguments[0]} took more than {timeout} s"
            raise TimeoutError(message) from None
    return process.returncode, out, err


async def lines(arguments: Sequence[str]) -> AsyncIterator[bytes]:
    """Give each line as it comes; the loop is blocked until it does.

    Raises:
        OSError: it can't be started.
        subprocess.CalledProcessError: its status was not 0, told after the last line.
    """
    with subprocess.Popen(  # noqa: ASYNC220  the mistake that is shown
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                yield line
        except BaseException:
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

    main(lambda arguments: asyncio.run(run(arguments)))
