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

from typing import TYPE_CHECKING

import trio

from recipes.file_write._new_file import NewFile

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    new, count = NewFile(path), 0
    try:
        async with await trio.open_file(path, "wb", opener=new.opener) as file:
            async for chunk in chunks:
                count += await file.write(chunk)  # a hop to a thread, and back
        await trio.to_thread.run_sync(new.finish, durable)
    except BaseException:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(new.discard)
        if not new.done:  # else it was cancelled too late: this is the new file
            raise
    return count


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: trio.run(write_file, path, arriving(chunks)))
