"""urio, as its README shows it (https://github.com/meitham/urio): io_uring on Linux."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import urio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


async def read_file(path: str) -> bytes:
    """`async with urio.open(…) as f: await f.read()`."""
    async with urio.open(path, "rb") as f:
        content: bytes = await f.read()
        return content


async def read_whole(path: str) -> bytes:
    """A FIFO gives what it has, so its end must be read too."""
    async with urio.open(path, "rb") as f:
        chunks = []
        while chunk := await f.read():
            chunks.append(chunk)
        return b"".join(chunks)


async def read_files(paths: Sequence[str]) -> list[bytes]:
    """All of them gathered."""
    return await asyncio.gather(*map(read_file, paths))


async def read_pipes(paths: Sequence[str]) -> list[bytes]:
    """All of them gathered."""
    return await asyncio.gather(*map(read_whole, paths))


async def read_into(path: str, buffer: bytearray) -> int:
    """`readinto`, until there is no more."""
    done = 0
    async with urio.open(path, "rb") as f:
        with memoryview(buffer) as view:
            while got := await f.readinto(view[done:]):
                done += got
    return done


async def read_at(path: str, offsets: Sequence[int], size: int = 4096, in_flight: int = 256) -> list[bytes]:
    """A file object for each of the reads in flight, as one has only one position."""
    chunks: dict[int, bytes] = {}
    left = iter(enumerate(offsets))

    async def reader() -> None:
        async with urio.open(path, "rb") as f:
            for number, offset in left:
                await f.seek(offset)
                chunks[number] = await f.read(size)

    await asyncio.gather(*(reader() for _ in range(in_flight)))
    return [chunks[number] for number in range(len(offsets))]


async def lines(path: str) -> AsyncIterator[str]:
    """`async for line in f`."""
    async with urio.open(path, encoding="utf-8") as f:
        async for line in f:
            yield line
