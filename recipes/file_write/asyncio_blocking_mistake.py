"""A mistake: plain writes inside `async def`, which stop the whole event loop.

`async for` lets other tasks run while a chunk is awaited, and `write` lets nobody. Into
the page cache it takes microseconds, so nobody notices, until the kernel has to write
pages back first, the file lies on a network mount, or somebody asks for `fsync`.

**Where it still blocks:** in `open`, `write`, `fsync` and `replace`, in the loop
thread, and every other stream, timer and socket with it. A pipe that nobody reads stops
the program for ever.

**Use it when** never. `asyncio_batched` is as fast, and lets the loop go on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from recipes.file_write._new_file import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    count = 0
    with replacing(path, durable) as file:
        async for chunk in chunks:
            count += file.write(chunk)  # the loop's thread blocks here
    return count


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: asyncio.run(write_file(path, arriving(chunks))))
