"""What is in the page cache is read on the loop; a worker thread reads the rest.

`preadv2` with `RWF_NOWAIT` copies what is cached and never waits for a disk. `EAGAIN`,
or fewer bytes than the file has, means that the rest is not cached: then a thread reads
the file, as it does any above 1 MiB. A file system that can't tell (`EOPNOTSUPP`:
procfs, sysfs, tmpfs and some others) is left to the thread too. A FIFO is opened
without waiting for its writer, and waited for in the loop's poller, which calls it
readable only when a writer has been. (Sources: preadv2(2), fifo(7), poll(2).)

**Where it still blocks:** in `open` (the lookup of a name that is not cached; a network
mount that hangs), on the loop; in `read`, in the default pool's threads, which go on
after the caller was cancelled. `read_file` gives nobody else a turn while the file is
small and cached: in a loop of your own, `await asyncio.sleep(0)` from time to time.

**Use it when** most reads are of small, warm files (templates, configuration, static
pages), on Linux, on local disks.

**The idea** is in `_cached`.
"""

from __future__ import annotations

import asyncio
import errno
import io
import os
import sys
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import WriteableBuffer

assert sys.platform == "linux", "RWF_NOWAIT is Linux's"
REQUIRES = {"platform": "linux", "has": ("os.preadv", "os.RWF_NOWAIT")}
# bytes: some 0.2 ms to copy, all of it between two turns of the loop
SMALL = 1024 * 1024
TURN_S = 0.001  # how long the loop is ours before the others have their turn


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    found = _cached(path)
    if isinstance(found, bytes):
        return found
    try:
        return await _rest(path, found)
    finally:
        if found is not None:
            os.close(found)


async def read_files(
    paths: Iterable[str | os.PathLike[str]], at_once: int = 64
) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    contents: list[bytes | asyncio.Task[bytes]] = []
    # and one more, which `acquire` below waits for
    slots, turn = asyncio.Semaphore(at_once - 1), perf_counter()
    reader = io.BufferedReader(_Nowait(), 1)

    # here, because a task that is cancelled early never runs
    def done(pipe: int | None, _: object) -> None:
        slots.release()
        if pipe is not None:
            os.close(pipe)

    async with asyncio.TaskGroup() as group:
        for path in paths:
            found = _cached(path, reader)
            if isinstance(found, bytes):
                contents.append(found)
            else:
                contents.append(task := group.create_task(_rest(path, found)))
                task.add_done_callback(partial(done, found))
                await slots.acquire()
            if perf_counter() - turn > TURN_S:
                await asyncio.sleep(0)
                turn = perf_counter()
    return [
        content if isinstance(content, bytes) else content.result()
        for content in contents
    ]


class _Nowait(io.RawIOBase):
    """A reader lends us the memory of the `bytes` it returns, not cleared before."""

    fd: int

    def readable(self) -> bool:
        return True

    def readinto(self, memory: WriteableBuffer) -> int:
        return os.preadv(self.fd, [memory], 0, os.RWF_NOWAIT)


def _cached(
    path: str | os.PathLike[str], reader: io.BufferedReader[_Nowait] | None = None
) -> bytes | int | None:
    """Return a small file's bytes if cached, a pipe's open descriptor, else `None`."""
    # else a FIFO would wait here for its writer
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if 0 < (size := os.lseek(fd, 0, os.SEEK_END)) <= SMALL:
            # to make one for one file would take longer than to clear its memory
            if reader is not None:
                reader.raw.fd = fd
                found = reader.read1(size)
                return found if len(found) == size else None
            # a `bytes` to read into: `getvalue` gives it without a copy
            memory = io.BytesIO(bytes(size))
            if os.preadv(fd, [memory.getbuffer()], 0, os.RWF_NOWAIT) == size:
                return memory.getvalue()
    except OSError as error:  # EAGAIN, EOPNOTSUPP, …: the thread will know
        if error.errno == errno.ESPIPE:
            # closed now, it would be broken for a writer that has just opened it
            pipe, fd = fd, -1
            return pipe
    finally:
        if fd >= 0:
            os.close(fd)
    return None


async def _rest(path: str | os.PathLike[str], pipe: int | None) -> bytes:
    if pipe is not None:
        return await _piped(pipe)
    return await asyncio.to_thread(Path(path).read_bytes)


async def _piped(pipe: int) -> bytes:
    chunks = [b""]
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pipe, ready.set)
    try:
        while True:
            await ready.wait()
            ready.clear()
            try:
                chunks.append(os.read(pipe, 65536))
            except BlockingIOError:
                continue
            if not chunks[-1]:
                return b"".join(chunks)
    finally:
        loop.remove_reader(pipe)


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: asyncio.run(read_files(paths)))
