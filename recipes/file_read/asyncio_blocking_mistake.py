"""A mistake: a plain read inside `async def`, which stops the whole event loop.

`async def` makes nothing asynchronous. There is no `await` in `read_file`, so the
loop's thread itself sleeps in the kernel, and with it every task, timer and socket of
the program. With a warm page cache nobody notices: a read takes microseconds. It shows
on the first cold disk, network mount or FIFO.

**Where it still blocks:** in `open` and `read`, in the loop thread. A `TaskGroup`
around it changes nothing: the reads happen one after the other.

**Use it when** never. `asyncio_to_thread` is one line away, and `asyncio_cached_first`
as fast while the cache is warm.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file, with the loop blocked meanwhile; raise `OSError`."""
    with Path(path).open("rb") as file:  # noqa: ASYNC230  the mistake that is shown
        return file.read()


async def read_files(paths: Iterable[str | os.PathLike[str]]) -> list[bytes]:
    """Return the bytes of each file, in order; looks concurrent, and is not."""
    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(read_file(path)) for path in paths]
    return [read.result() for read in reads]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: asyncio.run(read_files(paths)))
