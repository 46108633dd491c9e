"""aiofiles: the file object that everybody knows, with an `await` before each call.

aiofiles wraps a plain file and sends each method call to the loop's default pool: open,
read and close are three hops to a worker thread and back, where `asyncio_to_thread`
makes one. (Source: aiofiles' README.)

**Where it still blocks:** in `open` and `read`, in the default pool's `min(32, CPUs +
4)` threads, which the rest of the program shares. Cancelling a read does not free the
caller: leaving `async with` closes the file, in another thread, where `close` waits for
the lock that the first thread holds until its `read` is over. Cancelled within `open`,
the caller is free at once, and the file that a thread opens later is left to the
garbage collector.

**Use it when** a program needs a file object over time: some bytes now, a line later,
writes in between.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiofiles

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    async with aiofiles.open(path, "rb") as file:
        return await file.read()


async def read_files(
    paths: Iterable[str | os.PathLike[str]], at_once: int = 64
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
