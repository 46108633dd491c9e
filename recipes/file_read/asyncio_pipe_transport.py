"""`connect_read_pipe`: a FIFO read by the event loop itself, as it reads its sockets.

A FIFO can be polled, so no thread need wait for it: asyncio's transport reads when the
poller says that there is something. Regular files can't: `epoll_ctl` refuses them with
`EPERM`, `select` and `poll` call them always ready, and a read then waits for the disk.
So this refuses everything but pipes. (Sources: epoll_ctl(2), poll(2), fifo(7).)

The FIFO is opened with `O_NONBLOCK`: without it `open` waits for a writer. With it, a
`read` before the first writer comes gives `b""`, which looks like the end; but the
poller does not call a FIFO readable before a writer has been.

**Where it still blocks:** nowhere. A cancelled caller is free at once, and its
descriptor is closed.

**Use it when** the "file" is a pipe, a FIFO or a terminal, on asyncio.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable

assert sys.platform != "win32", "Windows has no FIFOs"
STATES = ("slow",)
REQUIRES = {
    "has": ("os.mkfifo", "os.O_NONBLOCK", "os.sysconf"),
    "states_reason": "only a pipe can be polled: epoll refuses regular files",
}


def _open(path: str | os.PathLike[str]) -> BinaryIO:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        return os.fdopen(fd, "rb", buffering=0)
    os.close(fd)
    message = (
        f"expected a pipe, got {os.fspath(path)}: read files with asyncio_to_thread"
    )
    raise ValueError(message)


class _Whole(asyncio.Protocol):
    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.error: Exception | None = None
        self.closed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.chunks.append(data)

    # at the end of the file too: nothing is to be answered
    def connection_lost(self, exc: Exception | None) -> None:
        self.error = exc
        self.closed.set()


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a pipe; raise `OSError`, or `ValueError` for no pipe."""
    loop = asyncio.get_running_loop()
    connecting = loop.create_task(loop.connect_read_pipe(_Whole, _open(path)))
    try:
        # a turn of the loop; cancelled in it, uvloop forgets the file
        _, whole = await asyncio.shield(connecting)
        await whole.closed.wait()
    finally:
        transport, whole = await connecting
        transport.close()
        await whole.closed.wait()  # the loop closes the descriptor at its next turn
    if whole.error:
        raise whole.error
    return b"".join(whole.chunks)


async def read_files(paths: Iterable[str | os.PathLike[str]]) -> list[bytes]:
    """Return the bytes of each pipe, in order; raise an `ExceptionGroup` of errors."""
    # half of the descriptors that we may have
    slots = asyncio.Semaphore(max(1, os.sysconf("SC_OPEN_MAX") // 2))

    async def read(path: str | os.PathLike[str]) -> bytes:
        async with slots:
            return await read_file(path)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(read(path)) for path in paths]
    return [task.result() for task in reads]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: asyncio.run(read_files(paths)))
