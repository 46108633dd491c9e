"""`trio.open_file`, and `await file.write(chunk)`: a hop to a thread for each chunk.

It reads like the plain loop. Each `write` of 64 KiB goes to a worker thread and back,
which takes some times as long as the copy into the page cache that it is there for:
`trio_batched` makes one hop for many chunks. (Source: trio's reference, "Asynchronous
filesystem I/O".)

**Where it still blocks:** in `open`, `write`, `fsync` and `replace`, in trio's worker
threads, 40 at once by default. A cancelled task stays until its thread has come back;
then it removes the new file.

**Use it when** the chunks are few or slow, and the file object is needed for more than
a stream.

**The idea** is in `write_file`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterable


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    target = Path(
        await trio.to_thread.run_sync(os.path.realpath, path)
    )  # a link stays one
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    count = 0
    try:
        new = await trio.to_thread.run_sync(_create, target, beside)
        async with await trio.open_file(beside if new else target, "wb") as file:
            async for chunk in chunks:
                count += await file.write(chunk)  # a hop to a thread, and back
            await file.flush()
            if new and durable:
                await trio.to_thread.run_sync(os.fsync, file.fileno())
        if new:
            await trio.to_thread.run_sync(_rename, beside, target, durable)
    except BaseException:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(beside.unlink, True)  # if it is there
        raise
    return count


def _create(target: Path, beside: Path) -> bool:
    """Make an empty file, with the old one's permissions; none for a pipe, a device."""
    if not target.exists():
        beside.touch(exist_ok=False)
    elif target.is_file():
        os.close(os.open(target, os.O_WRONLY))  # may it be written to?
        beside.touch(0o600, exist_ok=False)
        shutil.copymode(target, beside)
    else:
        return False
    return True


def _rename(beside: Path, target: Path, durable: bool) -> None:
    beside.replace(target)
    if durable and sys.platform != "win32":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the disk has the name too
        finally:
            os.close(folder)


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: trio.run(write_file, path, arriving(chunks)))
