"""`asyncio.to_thread` for one file, an executor of a chosen size for many.

The whole file is one hop: open, read and close in one worker thread, which is why this
is faster than libraries that make a hop of each call. `to_thread` uses the loop's
default pool, of `min(32, CPUs + 4)` threads, which everybody else in the program shares
(name lookups do, too): many slow files there hold up all of them. So for many files
this makes an executor of its own.

**Where it still blocks:** in `open` and `read`, in the workers; file number `threads +
1` is queued for one. When the task is cancelled, it ends at once, but a thread can't
be: it goes on reading, and `asyncio.run` at its end waits for the default pool's
threads (without limit on 3.11, 300 s from 3.12 on), as Python does at exit.

**Use it when** a program on asyncio reads whole files now and then: standard library,
any platform, any kind of file.

**The idea** is in `read_files`.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def _read(path: str | os.PathLike[str]) -> bytes:
    return Path(path).read_bytes()  # a worker thread blocks here


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    return await asyncio.to_thread(_read, path)


async def read_files(
    paths: Iterable[str | os.PathLike[str]], threads: int = 32
) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    loop = asyncio.get_running_loop()
    # no `with`: its end would wait for the threads, and hold the loop
    pool = ThreadPoolExecutor(threads)

    async def read(path: str | os.PathLike[str]) -> bytes:
        return await loop.run_in_executor(pool, _read, path)

    try:
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(read(path)) for path in paths]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return [task.result() for task in reads]


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: asyncio.run(read_files(paths)))
