"""A mistake: an mmap sliced on the loop waits for the disk, with the GIL held.

Mapping a file reads nothing. The slice copies bytes, and the first touch of a page that
is not cached is a major page fault: the kernel stops the thread until the disk has
answered. Python can't know and keeps the GIL, so every thread of the program stands
still, not only the loop. No trace of system calls shows it. (Sources: mmap(2);
`/proc/PID/stat`, field `majflt`, in proc_pid_stat(5).) A file that is truncated while
it is mapped kills the program with `SIGBUS` at the touch of a page beyond its new end,
which no `try` can catch.

**Where it still blocks:** in the slice, in the loop thread, and with the GIL.

**Use it when** the pages are known to be in memory; else do not use it on a loop. In a
worker thread it still stops every other thread. Files of size 0 (all of `/proc`) and
FIFOs can't be mapped at all.
"""

from __future__ import annotations

import asyncio
import mmap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

STATES = ("warm", "cold")
REQUIRES = {"states_reason": "a FIFO can't be mapped"}


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be mapped."""
    if Path(path).is_fifo():  # noqa: ASYNC240  a mistake too
        message = f"expected a file, got a pipe, {path}: it can't be mapped"
        raise ValueError(message)
    with Path(path).open("rb") as file:  # noqa: ASYNC230  the mistake that is shown
        if not file.seek(0, 2):
            return file.read()  # an empty file can't be mapped either
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pages:
            return pages[:]


async def read_files(paths: Iterable[str | os.PathLike[str]]) -> list[bytes]:
    """Return the bytes of each file, in order; looks concurrent, and is not."""
    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(read_file(path)) for path in paths]
    return [read.result() for read in reads]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: asyncio.run(read_files(paths)))
