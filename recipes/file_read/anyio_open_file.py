"""`anyio.open_file`: one asynchronous file object for asyncio and trio.

Each method call goes to a worker thread of the backend and back (40 at once by default,
on either), so open, read and close are three hops. (Source: anyio's documentation,
"Asynchronous file I/O support".)

**Where it still blocks:** in `open` and `read`, in the worker threads; file number 41
is queued for one. A cancelled task stays until the thread comes back, on asyncio
too: anyio shields the wait, unlike `asyncio.to_thread`. So a hung mount or a silent
FIFO can't be given up; `anyio_to_thread` can.

**Use it when** a library must run on both, and needs a file object over time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    async with await anyio.open_file(path, "rb") as file:
        return await file.read()


async def read_files(
    paths: Iterable[str | os.PathLike[str]], at_once: int = 64
) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    # else a thousand files are open before the first is read
    slots = anyio.CapacityLimiter(at_once)
    contents: dict[int, bytes] = {}

    async def read(index: int, path: str | os.PathLike[str]) -> None:
        async with slots:
            contents[index] = await read_file(path)

    async with anyio.create_task_group() as group:
        for index, path in enumerate(paths):
            group.start_soon(read, index, path)
    return [contents[index] for index in range(len(contents))]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: anyio.run(read_files, paths))
