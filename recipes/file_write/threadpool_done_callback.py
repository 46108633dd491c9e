"""`submit` each batch to a thread, and a callback that makes room for the next.

The caller goes on to fetch chunks while one worker writes those before: reading from a
socket and writing to the disk overlap. The worker takes the batches in their order, so
there is one. `add_done_callback` gives back a slot of the semaphore that keeps the
producer from running ahead; it runs in the worker, and does nothing that could fail.
What a write raised is asked of its future. (Source: library reference,
`concurrent.futures.Future.add_done_callback`.)

**Where it still blocks:** in `writev`, `fsync` and the rest, in the worker; and the
caller in `acquire`, when two batches wait already. After an error or Ctrl-C it waits
for the write that has begun.

**Use it when** a program without an event loop gets data from one slow place and puts
it into another.

**The idea** is in `write_file`.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Semaphore
from typing import TYPE_CHECKING

from recipes.file_write._new_file import NewFile

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

BATCH = 1024 * 1024  # bytes
MOST = 1024  # chunks: `writev` takes no more
AHEAD = 2  # batches that are being written, or wait for it


def write_file(
    path: str | os.PathLike[str], chunks: Iterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    file, room = NewFile(path), Semaphore(AHEAD)
    writes: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:

        def submit(batch: list[bytes]) -> None:
            room.acquire()
            while writes and writes[0].done():
                writes.pop(0).result()  # raises what it raised
            writes.append(pool.submit(file.write, batch))
            writes[-1].add_done_callback(lambda _: room.release())

        try:
            file.open()
            batch: list[bytes] = []
            size = 0
            for chunk in chunks:
                batch.append(chunk)
                size += len(chunk)
                if size >= BATCH or len(batch) == MOST:
                    submit(batch)
                    batch, size = [], 0
            submit(batch)
            for write in writes:
                write.result()
            pool.submit(file.finish, durable).result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            file.discard()
            raise
    return file.count


if __name__ == "__main__":
    from recipes.file_write import main

    main(write_file)
