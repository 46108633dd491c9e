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

import os
import secrets
import shutil
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from io import FileIO


BATCH = 1024 * 1024  # bytes
MOST = 1024  # chunks: `writev` takes no more
AHEAD = 2  # batches that are being written, or wait for it


def write_file(
    path: str | os.PathLike[str], chunks: Iterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    file, room = _NewFile(path), Semaphore(AHEAD)
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
    from recipes.file_write import main

    main(write_file)
