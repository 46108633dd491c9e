"""`trio.open_file`: trio's own asynchronous file object.

Each method call goes to a worker thread and back (trio's threads: 40 at once by
default), so open, read and close are three hops. (Source: trio's reference,
"Asynchronous filesystem I/O".)

**Where it still blocks:** in `open` and `read`, in trio's worker threads; file number
41 is queued for one. A cancelled task stays until the thread comes back: trio does
not abandon these threads, so a hung mount or a silent FIFO can't be given up, and
neither can a time limit around it be kept. `trio_to_thread` can.

**Use it when** a program on trio needs a file object over time, on local disks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    async with await trio.open_file(path, "rb") as file:
        return await file.read()


async def read_files(
    paths: Iterable[str | os.PathLike[str]], at_once: int = 64
) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    # else a thousand files are open before the first is read
    slots = trio.CapacityLimiter(at_once)
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
