"""One hop to a thread for some MiB of chunks, written with one `writev`, on trio.

A hop costs some hundred microseconds, whatever it carries. With a chunk in each, most
of the time goes into hops; with 4 MiB in each, none to speak of. `writev` takes the
chunks as they are, without a copy that joins them. (Source: writev(2).)

**Where it still blocks:** in `writev`, `fsync` and the rest, in trio's worker threads,
40 at once by default. A cancelled task stays until its thread has come back, as trio
abandons none unless it is told to: only then is it certain what is to be removed. When
the name has changed by then, it returns as if it had not been cancelled.

**Use it when** a stream goes to disk on trio. For a pipe whose other end answers, take
smaller batches.

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
        await trio.to_thread.run_sync(file.open)
        async for chunk in chunks:
            batch.append(chunk)
            size += len(chunk)
            if size >= BATCH or len(batch) == MOST:
                await trio.to_thread.run_sync(file.write, batch)  # which empties it
                size = 0
        await trio.to_thread.run_sync(file.write, batch)
        await trio.to_thread.run_sync(file.finish, durable)
    except BaseException:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(file.discard)
        raise
    return file.count


class _NewFile:
    """A file beside the old one, which takes its name at the end; all of it blocks."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.target = self.beside = Path(path)
        self.file: FileIO | None = None
        self.count = 0

    def open(self) -> None:
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
        while batch and self.file:
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
        if self.file and self.beside != self.target:
            if durable:
                os.fsync(self.file.fileno())
            self.file.close()
            self.beside.replace(self.target)
            if durable and sys.platform != "win32":
                folder = os.open(self.target.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)  # the disk has the name too
                finally:
                    os.close(folder)
        elif self.file:
            self.file.close()

    def discard(self) -> None:
        if self.file:
            self.file.close()
            if self.beside != self.target:
                self.beside.unlink(missing_ok=True)


if __name__ == "__main__":
    from recipes.file_write import arriving, main

    main(lambda path, chunks: trio.run(write_file, path, arriving(chunks)))
