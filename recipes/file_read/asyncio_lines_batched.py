"""Lines in batches: one hop to a thread for some thousand lines, instead of one for each.

A hop costs more than a hundred times what a line costs, so this asks for half a mebibyte of lines at a time
(`readlines(hint)`) and hands them on as a list: `async for batch in batches(path): for line in batch:`.
`asyncio_aiofiles_lines` is the slow twin.

The file lives in a plain generator, which worker threads advance. A caller that is cancelled is free at once; a thread
that is reading finishes its batch, and then closes the generator, and with it the file. (Source: the language
reference, "Generator-iterator methods".)

**Where it still blocks:** in `open` and `readlines`, in the default executor's threads. Splitting and decoding
hold the GIL there for about a millisecond a batch.

**Use it when** a asyncio program goes through log files, CSV or JSON lines.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from pathlib import Path
from threading import Event
from typing import IO, TYPE_CHECKING, AnyStr

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable

BATCH = 512 * 1024  # characters, or bytes: the lines of a batch are this long together, and at most one line more


async def batches(path: str | os.PathLike[str], encoding: str = "utf-8") -> AsyncIterator[list[str]]:
    """Give all lines of a text in lists; raise `OSError` where it can't be read, `UnicodeError` for other bytes."""
    async with aclosing(_hops(lambda: Path(path).open(encoding=encoding))) as hops:
        async for batch in hops:
            yield batch


async def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file, line by line; raise `OSError` where it can't be opened or read."""
    return b"".join([line async for batch in _hops(lambda: Path(path).open("rb")) for line in batch])


async def read_files(paths: Iterable[str | os.PathLike[str]], at_once: int = 64) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of what went wrong."""
    slots = asyncio.Semaphore(at_once)  # else a thousand files are open before the first is read

    async def read(path: str | os.PathLike[str]) -> bytes:
        async with slots:
            return await read_file(path)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(read(path)) for path in paths]
    return [task.result() for task in reads]


async def _hops(opened: Callable[[], IO[AnyStr]]) -> AsyncGenerator[list[AnyStr], None]:
    source, given_up = _batches(opened), Event()
    try:
        while batch := await asyncio.to_thread(_advance, source, given_up):
            yield batch
    finally:
        given_up.set()
        with suppress(ValueError):  # a thread is still at it, and closes it then
            source.close()


def _advance(source: Generator[list[AnyStr], None, None], given_up: Event) -> list[AnyStr]:
    batch = next(source, [])  # a worker thread blocks here
    if given_up.is_set():
        source.close()
    return batch


def _batches(opened: Callable[[], IO[AnyStr]]) -> Generator[list[AnyStr], None, None]:
    with opened() as file:  # from here on in a worker thread, not always the same
        while batch := file.readlines(BATCH):
            yield batch


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: asyncio.run(read_files(paths)))
