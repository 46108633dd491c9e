"""Completion-based writing: io_uring tells when the bytes are written.

`urio` keeps one ring per event loop. A batch of chunks is one entry in it, which
`writelines` makes, and so is `fsync`; the loop's poller watches an eventfd that the
kernel writes to when one is done. The file is made and named as the other writers do,
with two hops: the kernel's ring could open a file without a name and link it, but urio
offers neither. So a process that is killed leaves nothing. (Sources: io_uring(7),
io_uring_prep_linkat(3), urio's ARCHITECTURE.md.)

**Where it still blocks:** in `open`, `rename` and the directory's `fsync`, in the
default pool's threads; for the bytes nowhere. What can't be done without waiting is
waited for by threads of the kernel's own (`iou-wrk-…`). A caller cancelled in a write
to a pipe that nobody reads is free at once. Where io_uring is forbidden (many
containers), urio falls back to threads without a message; `URIO_BACKEND=uring` makes it
an error.

**Use it when** there are many slow files at once, on asyncio, Linux and Python 3.12 or
later, and you accept a new package.

**The idea** is in `write_file`.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, TypeVar

import urio

from recipes.file_write._new_file import NewFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable


REQUIRES = {
    "python": "3.12",
    "platform": "linux",
    "module": "urio",
    "install": "pip install -e '.[uring]'",
}
BATCH = 1024 * 1024  # bytes
MOST = 1024  # chunks: `writev` takes no more

T = TypeVar("T")
Path: Any = urio.Path  # which says nothing of its types


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    target: Any = Path(path)
    if await target.exists() and not await target.is_file():
        async with urio.open(target, "ab") as pipe:  # a pipe, a device: as it is
            return await _write(pipe, chunks)
    new = NewFile(path)
    try:
        await _ended(asyncio.to_thread(new.open))
        file = _in_the_ring(new)
        try:
            count = await _write(file, chunks)
            if durable:
                await file.fsync()  # so that `finish` has little to wait for
        finally:
            await _ended(file.close())
        await _ended(asyncio.to_thread(new.finish, durable), last=True)
    except BaseException:
        await _ended(asyncio.to_thread(new.discard))
        raise
    return count


def _in_the_ring(new: NewFile) -> urio.AsyncBufferedFile:
    """The same file for urio, which closes a descriptor when the ring is done."""
    assert new.file is not None
    fd = os.dup(new.file.fileno())
    return urio.AsyncBufferedFile(
        fd,
        name=str(new.target),
        mode="wb",
        readable=False,
        writable=True,
        appending=False,
        size=0,
    )


async def _write(file: urio.AsyncBufferedFile, chunks: AsyncIterable[bytes]) -> int:
    batch: list[bytes] = []
    size = count = 0
    async for chunk in chunks:
        batch.append(chunk)
        size += len(chunk)
        if size >= BATCH or len(batch) == MOST:
            await file.writelines(batch)
            count, size, batch = count + size, 0, []
    await file.writelines(batch)
    return count + size


async def _ended(call: Awaitable[T], *, last: bool = False) -> T:
    """Wait for a call's end when cancelled too, as it has the file."""
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
