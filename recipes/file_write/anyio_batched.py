"""One hop to a thread for some MiB of chunks, on asyncio and on trio.

`asyncio_batched` for both backends: `anyio.to_thread.run_sync` takes 4 MiB of chunks at
a time to a thread, where one `writev` writes them. (Sources: anyio's documentation,
"Working with threads"; writev(2).)

**Where it still blocks:** in `writev`, `fsync` and the rest, in the worker threads, of
which anyio has 40 at once by default. A caller that a cancel scope cancels stays until
its thread has come back. `asyncio.timeout` and `Task.cancel` free it at once, of which
anyio shields nothing: hence the lock, for which the thread that discards then waits.

**Use it when** a library must run on both, and streams go to disk. For a pipe whose
other end answers, take smaller batches.

**The idea** is in `write_file`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from recipes.file_write._new_file import NewFile

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable

BATCH = 4 * 1024 * 1024  # bytes: a hop costs what some 100 KiB of copying do
MOST = 1024  # chunks: `writev` takes no more


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    file = NewFile(path)
    batch: list[bytes] = []
    size = 0
    try:
        await to_thread.run_sync(file.open)
        async for chunk in chunks:
            batch.append(chunk)
            size += len(chunk)
            if size >= BATCH or len(batch) == MOST:
                await to_thread.run_sync(file.write, batch)  # which empties it
                size = 0
        await to_thread.run_sync(file.write, batch)
        await to_thread.run_sync(file.finish, durable)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(file.discard)
        if not file.done:  # else it was cancelled too late: this is the new file
            raise
    return file.count


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: anyio.run(write_file, path, arriving(chunks)))
