"""One hop for the whole file with `trio.to_thread.run_sync`, and a limiter.

Open, read and close happen in one worker thread, so the file costs one hop where
`trio.open_file` makes three. The limiter of `read_files` keeps slow files from using up
the 40 threads that the rest of the program shares.

**Where it still blocks:** in `open` and `read`, in trio's worker threads; a file is
queued for a token of the limiter. `abandon_on_cancel=True` frees a cancelled caller at
once: the thread reads on, its token is taken until it is done, then it closes the file
itself and its bytes are dropped. That is safe because it only reads. (Source: trio's
reference, `trio.to_thread.run_sync`.)

**Use it when** a program on trio reads whole files, and must be able to give up on one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def _read(path: str | os.PathLike[str]) -> bytes:
    return Path(path).read_bytes()  # a worker thread blocks here


async def read_file(
    path: str | os.PathLike[str], limiter: trio.CapacityLimiter | None = None
) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    return await trio.to_thread.run_sync(
        _read, path, abandon_on_cancel=True, limiter=limiter
    )


async def read_files(
    paths: Iterable[str | os.PathLike[str]], threads: int = 32
) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    limiter = trio.CapacityLimiter(threads)
    contents: dict[int, bytes] = {}

    async def read(index: int, path: str | os.PathLike[str]) -> None:
        contents[index] = await read_file(path, limiter)

    async with trio.open_nursery() as nursery:
        for index, path in enumerate(paths):
            nursery.start_soon(read, index, path)
    return [contents[index] for index in range(len(contents))]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: trio.run(read_files, paths))
