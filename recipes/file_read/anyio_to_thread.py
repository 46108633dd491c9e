"""One hop for the whole file with `anyio.to_thread.run_sync`, and a limiter.

`trio_to_thread` for both backends: open, read and close in one worker thread.
`read_files` has a limiter of its own, so that slow files do not use up the 40 threads
that the rest of the program shares.

**Where it still blocks:** in `open` and `read`, in the worker threads; a file is queued
for a token of the limiter. `abandon_on_cancel=True` frees a cancelled caller at
once: the thread reads on until its read is over, and its token is taken until then.
(Source: anyio's documentation, "Working with threads".)

**Use it when** a library that must run on asyncio and on trio reads whole files, and
must be able to give up on one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def _read(path: str | os.PathLike[str]) -> bytes:
    return Path(path).read_bytes()  # a worker thread blocks here


async def read_file(
    path: str | os.PathLike[str], limiter: anyio.CapacityLimiter | None = None
) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    return await anyio.to_thread.run_sync(
        _read, path, abandon_on_cancel=True, limiter=limiter
    )


async def read_files(
    paths: Iterable[str | os.PathLike[str]], threads: int = 32
) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    limiter = anyio.CapacityLimiter(threads)
    contents: dict[int, bytes] = {}

    async def read(index: int, path: str | os.PathLike[str]) -> None:
        contents[index] = await read_file(path, limiter)

    async with anyio.create_task_group() as group:
        for index, path in enumerate(paths):
            group.start_soon(read, index, path)
    return [contents[index] for index in range(len(contents))]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: anyio.run(read_files, paths))
