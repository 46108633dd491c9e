"""One hop to a thread for some MiB of chunks, on asyncio and on trio.

`asyncio_batched` for both backends: `anyio.to_thread.run_sync` takes 4 MiB of chunks at
a time to a thread, where one `writev` writes them. (Sources: anyio's documentation,
"Working with threads"; writev(2).)

**Where it still blocks:** in `writev`, `fsync` and the rest, in the worker threads, of
which anyio has 40 at once by default. A caller that a cancel scope cancels stays until
its thread has come back. `asyncio.timeout` and `Task.cancel` free it at once, of which
anyio shields nothing: hence the lock, for which the thread that discards then waits.

**Use it when** a library must run on both, and streams go to disk. For a pipe whose
other end answers, take smaller batches.

**The idea** is in `write_file`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterable
    from io import FileIO


BATCH = 4 * 1024 * 1024  # bytes: a hop costs what some 100 KiB of copying do
MOST = 1024  # chunks: `writev` takes no more


async def write_file(
    path: str | os.PathLike[str], chunks: AsyncIterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    file = _NewFile(path)
    batch: list[bytes] = []
    size = 0
    try:
        await to_thread.run_sync(file.open)
        async for chunk in chunks:
            batch.append(chunk)
            size += len(chunk)
            if size >= BATCH or len(batch) == MOST:
                await to_thread.run_sync(file.write, batch)  # which empties it
                size = 0
        await to_thread.run_sync(file.write, batch)
        await to_thread.run_sync(file.finish, durable)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(file.discard)
        if not file.done:  # else it was cancelled too late: this is the new file
            raise
    return file.count


class _NewFile:
    """A file beside the old one, which takes its name at the end; all of it blocks.

    A cancelled caller does not take its thread along: hence the lock, and `given_up`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.target = self.beside = Path(path)
        self.file: FileIO | None = None
        self.count, self.done, self.given_up, self.lock = 0, False, False, Lock()

    def open(self) -> None:
        with self.lock:
            if self.given_up:
                return
            self.target = Path(os.path.realpath(self.target))  # a link stays one
            old = self.target.exists()
            if old and not self.target.is_file():
                self.beside = self.target  # a pipe, a device: as it is
                self.file = self.target.open("wb", buffering=0)
                return
            self.beside = self.target.with_name(f".{secrets.token_hex(8)}.part")
            # not for others' eyes before it has the old one's permissions
            mode = 0o600 if old else 0o666
            fd = os.open(self.beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            self.file = os.fdopen(fd, "wb", buffering=0)
            if old:
                os.close(os.open(self.target, os.O_WRONLY))  # may it be written to?
                shutil.copymode(self.target, self.beside)

    def write(self, batch: list[bytes]) -> None:
        with self.lock:
            while batch and self.file and not self.given_up:
                # a chunk at a time where there is no `writev`
                if sys.platform == "win32" or not hasattr(os, "writev"):
                    written = os.write(self.file.fileno(), batch[0])
                else:
                    written = os.writev(self.file.fileno(), batch)
                self.count += written
                while batch and written >= len(batch[0]):
                    written -= len(batch.pop(0))
                if batch:  # a pipe takes what it has room for
                    batch[0] = batch[0][written:]

    def finish(self, durable: bool) -> None:
        with self.lock:
            if self.given_up or not self.file:
                return
            beside = self.beside != self.target
            if beside and durable:
                os.fsync(self.file.fileno())
            self.file.close()
            if beside:
                self.beside.replace(self.target)
            if beside and durable and sys.platform != "win32":
                folder = os.open(self.target.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)  # the disk has the name too
                finally:
                    os.close(folder)
            self.done = True

    def discard(self) -> None:
        self.given_up = True
        with self.lock:
            if self.file and not self.done:
                self.file.close()
                if self.beside != self.target:
                    self.beside.unlink(missing_ok=True)


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: anyio.run(write_file, path, arriving(chunks)))
