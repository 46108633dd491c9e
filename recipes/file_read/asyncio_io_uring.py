"""Completion-based reading: io_uring tells when the bytes are there. No thread waits.

`urio` keeps one ring per event loop. Opening, reading and closing are entries in it;
the loop's poller watches an eventfd that the kernel writes to when one is done.
(Sources: io_uring(7), urio's ARCHITECTURE.md.) Seen with urio 0.3.0: `read()` ends at
the first short read, such as a file on `/proc` or a FIFO that is written to twice, so
this reads until it gets `b""`.

**Where it still blocks:** nowhere in Python's threads. (Thousands of cached files at
once still hold the loop for tens of milliseconds, with their callbacks.) What can't be
done without waiting, such as a FIFO's `open` or a buffered read that is not cached, is
waited for by threads of the kernel's own (`iou-wrk-…`). A cancelled caller is free at
once, and no read goes on after it (seen with a silent FIFO). Where io_uring is
forbidden (Docker's default, many hosts), urio falls back to threads without a message,
and fails on a FIFO (`Illegal seek`: it calls `pread`); `URIO_BACKEND=uring` makes it an
error.

**Use it when** there are many slow files at once, on asyncio, Linux and Python 3.12 or
later, and you accept a new package.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import urio

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

REQUIRES = {
    "python": "3.12",
    "platform": "linux",
    "module": "urio",
    "install": "pip install -e '.[uring]'",
}


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    chunks: list[bytes] = []
    async with urio.open(path, "rb") as file:
        while chunk := await file.read():
            chunks.append(chunk)
    return b"".join(chunks)


async def read_files(
    paths: Iterable[str | os.PathLike[str]], at_once: int = 128
) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    # else a thousand files are open before the first is read
    slots = asyncio.Semaphore(at_once)

    async def read(path: str | os.PathLike[str]) -> bytes:
        async with slots:
            return await read_file(path)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(read(path)) for path in paths]
    return [task.result() for task in reads]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: asyncio.run(read_files(paths)))
