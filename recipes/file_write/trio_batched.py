"""One hop to a thread for some MiB of chunks, written with one `writev`, on trio.

A hop costs about 100 microseconds, whatever it carries. With a chunk in each, most of
the time goes into hops; with 4 MiB in each, almost none. `writev` takes the chunks as
they are, without a copy that joins them. (Source: writev(2).)

**Where it still blocks:** in `writev`, `fsync` and the rest, in trio's worker threads,
40 at once by default. A cancelled task stays until its thread has come back, as trio
abandons none unless it is told to: only then is it certain what is to be removed. When
the name has changed by then, it returns as if it had not been cancelled.

**Use it when** a stream goes to disk on trio. For a pipe whose other end answers, take
smaller batches.

**The idea** is in `write_file`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

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
        await trio.to_thread.run_sync(file.open)
        async for chunk in chunks:
            batch.append(chunk)
            size += len(chunk)
            if size >= BATCH or len(batch) == MOST:
                await trio.to_thread.run_sync(file.write, batch)  # which empties it
                size = 0
        await trio.to_thread.run_sync(file.write, batch)
        await trio.to_thread.run_sync(file.finish, durable)
    except BaseException:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(file.discard)
        raise
    return file.count


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: trio.run(write_file, path, arriving(chunks)))
