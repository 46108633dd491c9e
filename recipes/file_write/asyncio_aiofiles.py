"""aiofiles, and `await file.write(chunk)`: a hop to a thread for each chunk.

It reads like the plain loop. Each `write` of 64 KiB goes to a worker thread and back,
which takes some times as long as the copy into the page cache that it is there for:
`asyncio_batched` makes one hop for many chunks. (Source: aiofiles' README.)

**Where it still blocks:** in `open`, `write`, `fsync` and `replace`, in the default
pool's `min(32, CPUs + 4)` threads, which the rest of the program shares. aiofiles lets
a cancelled caller go while its thread works on, and a file that is opened then would be
nobody's: so each call is waited for to its end, then the new file is removed.

**Use it when** the chunks are few or slow, and the file object is needed for more than
a stream.

**The idea** is in `write_file`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import aiofiles

from recipes.file_write._new_file import NewFile

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Awaitable


T = TypeVar("T")


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    hop = partial(asyncio.get_running_loop().run_in_executor, None)
    new, count = NewFile(path), 0
    try:
        opening = asyncio.ensure_future(aiofiles.open(path, "wb", opener=new.opener))
        try:
            file = await _ended(opening)
            async for chunk in chunks:
                count += await _ended(file.write(chunk))  # a hop to a thread, and back
        finally:
            if not opening.exception():  # cancelled or not, it is open
                await _ended(opening.result().close())
        await _ended(hop(new.finish, durable), last=True)
    except BaseException:
        await _ended(hop(new.discard))
        raise
    return count


async def _ended(call: Awaitable[T], *, last: bool = False) -> T:
    """Wait for a call's end when cancelled too: its thread has the file until then."""
    task = asyncio.ensure_future(call)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled and (task.exception() or not last):
        raise cancelled
    return task.result()  # of the last one too when it was cancelled: too late


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: asyncio.run(write_file(path, arriving(chunks))))
