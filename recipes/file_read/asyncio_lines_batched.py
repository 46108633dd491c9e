"""Lines in batches: read at once where cached, else one hop for thousands of lines.

A hop costs more than a hundred times what a line costs. So a hundred kilobytes are
asked for at a time, first with `RWF_NOWAIT`, which copies what the page cache holds and
never waits for a disk; where that has nothing, or can't tell, a worker thread reads.
The caller splits and decodes whole lines with the C code that a plain `for line in
file` runs: `async for batch in batches(path): for line in batch:`.
`asyncio_aiofiles_lines` is its slow counterpart.

The file lives in a plain generator, which the loop and worker threads advance in turn.
A caller that is cancelled is free at once; a thread that is reading finishes, and then
closes the generator, and with it the file. (Sources: preadv2(2); the language
reference, "Generator-iterator methods".)

**Where it still blocks:** in `open`, and in `read` where the page cache has nothing, in
the default pool's threads. On the loop, going through a batch takes half a millisecond,
with whatever you do with each line on top.

**Use it when** an asyncio program goes through log files, CSV or JSON lines.

**The idea** is in `_hops`.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from contextlib import aclosing, suppress
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable

    _Batches = Generator[bytes | None, bool, None]

# bytes: malloc gets 128 KiB and more from the kernel anew, page by page (mallopt(3))
BATCH = 112 * 1024
TURN_S = 0.001  # how long the loop is ours before the others have their turn


async def batches(
    path: str | os.PathLike[str], encoding: str = "utf-8"
) -> AsyncIterator[Iterable[str]]:
    """Give all lines of a text, some thousand at a time.

    Args:
        path: the file.
        encoding: one that has ASCII's line feed, as UTF-8 and Latin-1 do, and UTF-16
            does not.

    Raises:
        OSError: where it can't be opened or read. `UnicodeError`, in going through a
            batch, for other bytes.
    """
    async with aclosing(_hops(path)) as hops:
        async for batch in hops:
            yield io.TextIOWrapper(_Halves(batch), encoding)


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    return b"".join([batch async for batch in _hops(path)])


async def read_files(
    paths: Iterable[str | os.PathLike[str]], at_once: int = 64
) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    # else a thousand files are open before the first is read
    slots = asyncio.Semaphore(at_once)

    async def read(path: str | os.PathLike[str]) -> bytes:
        async with slots:
            return await read_file(path)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(read(path)) for path in paths]
    return [task.result() for task in reads]


class _Halves(io.BytesIO):
    def read1(self, _size: int | None = -1) -> bytes:
        # of 8 KiB, as is asked for, each would cut a line in two, to be joined again
        return self.read(BATCH // 2)


async def _hops(path: str | os.PathLike[str]) -> AsyncGenerator[bytes, None]:
    source, given_up = _batches(path), Event()
    next(source)  # as far as its first `yield`: a thread opens the file
    try:
        batch, turn = (
            await asyncio.to_thread(_advance, source, given_up),
            perf_counter(),
        )
        while batch:
            yield batch
            if perf_counter() - turn > TURN_S:
                await asyncio.sleep(0)
                turn = perf_counter()
            batch = source.send(False)
            if batch is None:
                batch = await asyncio.to_thread(_advance, source, given_up)
    finally:
        given_up.set()
        with suppress(ValueError):  # a thread is still at it, and closes it then
            source.close()


def _advance(source: _Batches, given_up: Event) -> bytes | None:
    batch = source.send(True)  # a worker thread blocks here
    if given_up.is_set():
        source.close()
    return batch


def _batches(path: str | os.PathLike[str]) -> _Batches:
    """Give whole lines, `b""` at the end, and `None` where the caller may not wait."""
    buffer, kept = bytearray(BATCH), 0
    may_wait = yield None
    with Path(path).open("rb", buffering=0) as file:
        while True:
            with memoryview(buffer)[kept:] as room:
                count = (
                    file.readinto(room) if may_wait else _cached(file.fileno(), room)
                )
            if count is None:
                may_wait = yield None
                continue
            end = buffer.rfind(b"\n", kept, kept + count) + 1 if count else kept
            kept += count
            if end or not count:
                may_wait = yield bytes(memoryview(buffer)[:end])
                buffer[: kept - end] = buffer[end:kept]
                kept -= end
            elif kept == len(buffer):
                buffer += bytes(kept)  # for a line that is longer


def _cached(fd: int, room: memoryview) -> int | None:
    if sys.platform == "linux":
        # EAGAIN, EOPNOTSUPP, …, or a Python without it: the thread will know
        with suppress(OSError, AttributeError):
            # -1: from where the file stands
            return os.preadv(fd, [room], -1, os.RWF_NOWAIT)
    return None


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: asyncio.run(read_files(paths)))
