"""One hop to a thread for some MiB of chunks, written with one `writev`.

A hop costs about 100 microseconds, whatever it carries. With a chunk in each, most of
the time goes into hops; with 4 MiB in each, almost none. `writev` takes the chunks as
they are, without a copy that joins them. (Source: writev(2).)

**Where it still blocks:** in `writev`, `fsync` and the rest, in the default pool's
`min(32, CPUs + 4)` threads, which the rest of the program shares: more slow files than
that hold up each other, and name lookups with them. A cancelled caller stays until its
thread has come back: only then is it certain what is to be removed. Cancelled when the
name has changed already, it returns as if nothing had been asked.

**Use it when** a stream goes to disk on asyncio: uploads, downloads, logs of some size.
For a pipe whose other end answers, take smaller batches.

**The idea** is in `write_file`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from recipes.file_write._new_file import NewFile

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Callable

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
        await _hop(file.open)
        async for chunk in chunks:
            batch.append(chunk)
            size += len(chunk)
            if size >= BATCH or len(batch) == MOST:
                await _hop(file.write, batch)  # which empties it
                size = 0
        await _hop(file.write, batch)
        await _hop(file.finish, durable)
    except BaseException:
        await _hop(file.discard)
        if not file.done:  # else it was cancelled too late: this is the new file
            raise
    return file.count


async def _hop(function: Callable[..., Any], *arguments: Any) -> None:
    """Call it in a thread, and wait for its end when cancelled too: it has the file."""
    call = asyncio.get_running_loop().run_in_executor(None, function, *arguments)
    cancelled: asyncio.CancelledError | None = None
    while not call.done():
        try:
            await asyncio.wait([call])
        except asyncio.CancelledError as error:
            cancelled = error
    if trouble := cancelled or call.exception():
        raise trouble


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: asyncio.run(write_file(path, arriving(chunks))))
