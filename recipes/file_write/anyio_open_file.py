"""`anyio.open_file`, and `await file.write(chunk)`: a hop to a thread for each chunk.

One file object for asyncio and trio. Each `write` of 64 KiB goes to a worker thread and
back, which takes some times as long as the copy into the page cache that it is there
for: `anyio_batched` makes one hop for many chunks. (Source: anyio's documentation,
"Asynchronous file I/O support".)

**Where it still blocks:** in `open`, `write`, `fsync` and `replace`, in the worker
threads, 40 at once by default. A task whose cancel scope is cancelled stays until its
thread has come back; then it removes the new file. On asyncio give it a limit with
`anyio.fail_after`: `asyncio.timeout` and `Task.cancel` do not wait for the thread, and
a file that it opens afterwards is closed by the collector.

**Use it when** a library must run on both, and the chunks are few or slow.

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


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    new, count = NewFile(path), 0
    try:
        async with await anyio.open_file(path, "wb", opener=new.opener) as file:
            async for chunk in chunks:
                count += await file.write(chunk)  # a hop to a thread, and back
        await to_thread.run_sync(new.finish, durable)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(new.discard)
        if not new.done:  # else it was cancelled too late: this is the new file
            raise
    return count


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: anyio.run(write_file, path, arriving(chunks)))
