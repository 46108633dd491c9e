"""One thread for the file, a bounded queue to it, and backpressure to the producer.

The loop puts chunks into the queue, and the thread writes all that it finds there with
one `writev`: it works while chunks arrive, and where it falls behind, its batches grow
by themselves. When 4 MiB wait, the producer is not asked for more until some are
written, so memory is bounded and a sender is slowed down, as its socket fills. The
thread's own code is the plain, blocking one. (Sources: queue.SimpleQueue, writev(2).)

**Where it still blocks:** in `writev`, `fsync` and the rest, in the stream's own
thread, whatever the default executor is busy with. A thousand streams are a thousand
threads. A cancelled caller stays until the thread has removed the new file.

**Use it when** a few long streams go to disk on asyncio, and neither they nor the rest
of the program should wait for a shared pool.

**The idea** is in `write_file` and `_write`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterator
    from io import FileIO


AHEAD = 4 * 1024 * 1024  # bytes that may wait for the thread
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
        self.path, self.durable, self.given_up = path, durable, False
        self.queue: SimpleQueue[bytes | None] = SimpleQueue()  # `None` is its end
        # of the loop's thread alone, which `_heard` is called in
        self.loop = asyncio.get_running_loop()
        self.progress, self.over = asyncio.Event(), asyncio.Event()
        self.written = 0
        self.trouble: BaseException | None = None

    def run(self) -> None:
        trouble: BaseException | None = None
        try:
            with _replacing(self.path, self.durable) as file:
                while batch := self._waiting():
                    count = _write(file, batch)
                    self.loop.call_soon_threadsafe(self._heard, count)
        except BaseException as error:  # noqa: BLE001  it is the caller's
            trouble = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._heard, 0, trouble, self.over)

    def _waiting(self) -> list[bytes]:
        """Wait for chunks, and take all that are there; none when that was the end."""
        batch: list[bytes] = []
        with suppress(Empty):
            while len(batch) < MOST:
                chunk = self.queue.get(block=not batch)
                if self.given_up:
                    raise _GivenUpError
                if chunk is None:
                    if batch:
                        self.queue.put(None)  # for the next time
                    break
                batch.append(chunk)
        return batch

    def _heard(
        self,
        count: int,
        trouble: BaseException | None = None,
        over: asyncio.Event | None = None,
    ) -> None:
        self.written, self.trouble = self.written + count, trouble
        self.progress.set()
        if over:
            over.set()


def _write(file: FileIO, batch: list[bytes]) -> int:
    count = sum(map(len, batch))
    while batch:
        # a chunk at a time where there is no `writev`
        if sys.platform == "win32" or not hasattr(os, "writev"):
            written = os.write(file.fileno(), batch[0])
        else:
            written = os.writev(file.fileno(), batch)
        while batch and written >= len(batch[0]):
            written -= len(batch.pop(0))
        if batch:  # a pipe takes what it has room for
            batch[0] = batch[0][written:]
    return count


@contextmanager
def _replacing(path: str | os.PathLike[str], durable: bool) -> Iterator[FileIO]:
    """Give a new file, which takes the name of the old one at the end."""
    target = Path(os.path.realpath(path))  # a link stays one
    old = target.exists()
    if old and not target.is_file():
        with target.open("wb", buffering=0) as file:  # a pipe, a device: as it is
            yield file
        return
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    # not for others' eyes before it has the old one's permissions
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if old else 0o666)
    with os.fdopen(fd, "wb", buffering=0) as file:
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
