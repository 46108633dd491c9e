"""A mistake: plain writes inside `async def`, which stop the whole event loop.

`async for` lets other tasks run while a chunk is awaited, and `write` lets nobody. Into
the page cache it takes microseconds, so nobody notices, until the kernel has to write
pages back first, the file lies on a network mount, or somebody asks for `fsync`.

**Where it still blocks:** in `open`, `write`, `fsync` and `replace`, in the loop
thread, and every other stream, timer and socket with it. A pipe that nobody reads stops
the program for good.

**Use it when** never. `asyncio_batched` is as fast, and lets the loop go on.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterator
    from typing import BinaryIO


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    count = 0
    with _replacing(path, durable) as file:
        async for chunk in chunks:
            count += file.write(chunk)  # the loop's thread blocks here
    return count


@contextmanager
def _replacing(path: str | os.PathLike[str], durable: bool) -> Iterator[BinaryIO]:
    """Give a new file, which takes the name of the old one at the end."""
    target = Path(os.path.realpath(path))  # a link stays one
    old = target.exists()
    if old and not target.is_file():
        with target.open("wb") as file:  # a pipe, a device: as it is
            yield file
        return
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    # not for others' eyes before it has the old one's permissions
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if old else 0o666)
    with os.fdopen(fd, "wb") as file:
        try:
            if old:
                os.close(os.open(target, os.O_WRONLY))  # may it be written to?
                shutil.copymode(target, beside)
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            file.close()
            beside.replace(target)
        except BaseException:
            beside.unlink()
            raise
    if durable and sys.platform != "win32":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the disk has the name too
        finally:
            os.close(folder)


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: asyncio.run(write_file(path, arriving(chunks))))
