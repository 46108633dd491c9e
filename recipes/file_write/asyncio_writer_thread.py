"""One thread for the file, a bounded queue to it, and backpressure to the producer.

The loop puts chunks into the queue, and the thread writes what it finds there, up to 1
MiB with one `writev`: it works while chunks arrive, and where it falls behind, its
batches grow by themselves. When 4 MiB wait, the producer is not asked for more until
some are written, so memory is bounded and a sender is slowed down, as its socket fills.
The thread's own code is the plain, blocking one. (Sources: queue.SimpleQueue,
writev(2).)

**Where it still blocks:** in `writev`, `fsync` and the rest, in the stream's own
thread, whatever the default pool is busy with. A thousand streams are a thousand
threads. A cancelled caller stays until the thread has removed the new file.

**Use it when** a few long streams go to disk on asyncio, and neither they nor the rest
of the program should wait for a shared pool.

**The idea** is in `write_file`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from recipes.file_write._new_file import NewFile

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable


AHEAD = 4 * 1024 * 1024  # bytes that may wait for the thread
BATCH = AHEAD // 4  # bytes: while one is written, the loop makes the next ones
MOST = 1024  # chunks: `writev` takes no more


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    writer = _Writer(path, durable)
    put = 0
    try:
        writer.start()
        async for chunk in chunks:
            writer.queue.put(chunk)
            put += len(chunk)
            while put - writer.written > AHEAD and not writer.over.is_set():
                writer.progress.clear()
                await writer.progress.wait()
            if writer.over.is_set():
                break
        writer.queue.put(None)
        await writer.over.wait()
    except BaseException:
        writer.given_up = True
        writer.queue.put(None)
        while not writer.over.is_set():
            with suppress(asyncio.CancelledError):
                await writer.over.wait()
        if writer.trouble:  # else it was cancelled too late: this is the new file
            raise
    if writer.trouble:
        raise writer.trouble
    return put


class _GivenUpError(Exception):
    pass


class _Writer(Thread):
    def __init__(self, path: str | os.PathLike[str], durable: bool) -> None:
        super().__init__()
        self.new, self.durable, self.given_up = NewFile(path), durable, False
        self.queue: SimpleQueue[bytes | None] = SimpleQueue()  # `None` is its end
        # of the loop's thread alone, which `_heard` is called in
        self.loop = asyncio.get_running_loop()
        self.progress, self.over = asyncio.Event(), asyncio.Event()
        self.written = 0
        self.trouble: BaseException | None = None

    def run(self) -> None:
        trouble: BaseException | None = None
        try:
            self.new.open()
            while batch := self._waiting():
                self.new.write(batch)
                self.loop.call_soon_threadsafe(self._heard, self.new.count)
            self.new.finish(self.durable)
        except BaseException as error:  # noqa: BLE001  it is the caller's
            trouble = error
            self.new.discard()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(
                self._heard, self.new.count, trouble, self.over
            )

    def _waiting(self) -> list[bytes]:
        """Wait for chunks, and take what is there; none when that was the end."""
        batch: list[bytes] = []
        size = 0
        with suppress(Empty):
            while size < BATCH and len(batch) < MOST:
                chunk = self.queue.get(block=not batch)
                if self.given_up:
                    raise _GivenUpError
                if chunk is None:
                    if batch:
                        self.queue.put(None)  # for the next time
                    break
                batch.append(chunk)
                size += len(chunk)
        return batch

    def _heard(
        self,
        count: int,
        trouble: BaseException | None = None,
        over: asyncio.Event | None = None,
    ) -> None:
        self.written, self.trouble = count, trouble
        self.progress.set()
        if over:
            over.set()


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: asyncio.run(write_file(path, arriving(chunks))))
