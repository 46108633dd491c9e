"""`trio.lowlevel.FdStream`: a FIFO read by trio itself, as it reads its sockets.

A FIFO can be polled, so no thread need wait for it. Regular files can't: `epoll_ctl`
refuses them with `EPERM`, `select` and `poll` call them always ready, and a read then
waits for the disk. So this refuses everything but pipes. (Sources: epoll_ctl(2),
poll(2), fifo(7); trio's reference, `FdStream`.)

The FIFO is opened with `O_NONBLOCK`: without it `open` waits for a writer. With it, a
`read` before the first writer comes gives `b""`, which looks like the end. `FdStream`
reads before it waits; so this waits first: the poller does not call a FIFO readable
before a writer has been.

**Where it still blocks:** nowhere. A cancelled caller is free at once, and its
descriptor is closed.

**Use it when** the "file" is a pipe, a FIFO or a terminal, on trio.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

assert sys.platform != "win32", "Windows has no FIFOs"
STATES = ("slow",)
REQUIRES = {
    "has": ("os.mkfifo", "os.O_NONBLOCK", "os.sysconf"),
    "states_reason": "only a pipe can be polled: epoll refuses regular files",
}


def _open(path: str | os.PathLike[str]) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    message = f"expected a pipe, got {os.fspath(path)}: read files with trio_to_thread"
    raise ValueError(message)


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a pipe; raise `OSError`, or `ValueError` for no pipe."""
    fd = _open(path)
    async with trio.lowlevel.FdStream(fd) as stream:
        await trio.lowlevel.wait_readable(fd)
        return b"".join([chunk async for chunk in stream])


async def read_files(paths: Iterable[str | os.PathLike[str]]) -> list[bytes]:
    """Return the bytes of each pipe, in order; raise an `ExceptionGroup` of errors."""
    # half of the descriptors that we may have
    slots = trio.CapacityLimiter(max(1, os.sysconf("SC_OPEN_MAX") // 2))
    contents: dict[int, bytes] = {}

    async def read(index: int, path: str | os.PathLike[str]) -> None:
        async with slots:
            contents[index] = await read_file(path)

    async with trio.open_nursery() as nursery:
        for index, path in enumerate(paths):
            nursery.start_soon(read, index, path)
    return [contents[index] for index in range(len(contents))]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: trio.run(read_files, paths))
