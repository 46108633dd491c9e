"""Completion-based writing: io_uring tells when the bytes are written. No thread waits.

`urio` keeps one ring per event loop. Opening, writing, `fsync`, renaming and closing
are entries in it; the loop's poller watches an eventfd that the kernel writes to when
one is done. A batch of chunks is one entry, which `writelines` makes. (Sources:
io_uring(7), urio's ARCHITECTURE.md.)

**Where it still blocks:** nowhere in Python's threads, but for `resolve` and `chmod`,
which are hops, as the ring has no such entries. What can't be done without waiting is
waited for by threads of the kernel's own (`iou-wrk-…`). A caller cancelled in a write
is free at once, also on a pipe that nobody reads. Where io_uring is forbidden (many
containers), urio falls back to threads without a word; `URIO_BACKEND=uring` makes it an
error.

The new file has a name from the beginning, which ends in `.part`: a process that is
killed leaves it.

**Use it when** there are many slow files at once, on asyncio, Linux and Python 3.12 or
later, and the package's youth is no obstacle.

**The idea** is in `write_file`.
"""

from __future__ import annotations

import asyncio
import secrets
import stat
from typing import TYPE_CHECKING, Any, TypeVar

import urio

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Awaitable


REQUIRES = {
    "python": "3.12",
    "platform": "linux",
    "module": "urio",
    "install": "pip install 'async-io-cookbook[uring]'",
}
BATCH = 1024 * 1024  # bytes
MOST = 1024  # chunks: `writev` takes no more

T = TypeVar("T")
Path: Any = urio.Path  # which says nothing of its types


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    target: Any = await Path(path).resolve()  # a link stays one
    mode = (await target.stat()).st_mode if await target.exists() else None
    if mode and not stat.S_ISREG(mode):
        async with urio.open(target, "ab") as file:  # a pipe, a device: as it is
            return await _write(file, chunks)
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        opening = asyncio.ensure_future(urio.open(beside, "xb"))
        try:
            file = await _ended(opening)
            if mode:
                await (await urio.open(target, "r+b")).close()  # may it be written to?
                await beside.chmod(stat.S_IMODE(mode))
            count = await _write(file, chunks)
            if durable:
                await file.fsync()
        finally:
            if not opening.exception():  # cancelled or not, it is open
                await _ended(opening.result().close())
        await _ended(_rename(beside, target, durable), last=True)
    except BaseException:
        await _ended(beside.unlink(missing_ok=True))
        raise
    return count


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


async def _rename(beside: Any, target: Any, durable: bool) -> None:
    await beside.replace(target)
    if durable:
        async with urio.open(target.parent, "rb") as folder:
            await folder.fsync()  # the disk has the name too


async def _ended(call: Awaitable[T], *, last: bool = False) -> T:
    """Wait for a call's end when cancelled too, as it makes or takes a name."""
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
