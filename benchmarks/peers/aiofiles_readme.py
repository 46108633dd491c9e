"""aiofiles, as its README shows it (https://github.com/Tinche/aiofiles)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiofiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Sequence


async def read_file(path: str) -> bytes:
    """`async with aiofiles.open(…) as f: await f.read()`."""
    async with aiofiles.open(path, mode="rb") as f:
        return await f.read()


async def read_files(paths: Sequence[str]) -> list[bytes]:
    """All of them gathered."""
    return await asyncio.gather(*map(read_file, paths))


async def read_into(path: str, buffer: bytearray) -> int:
    """`readinto` of its unbuffered file."""
    async with aiofiles.open(path, "rb", buffering=0) as f:
        return await f.readinto(buffer) or 0


async def read_at(path: str, offsets: Sequence[int], size: int = 4096, in_flight: int = 256) -> list[bytes]:
    """A file object for each of the reads in flight, as one has only one position."""
    chunks: dict[int, bytes] = {}
    left = iter(enumerate(offsets))

    async def reader() -> None:
        async with aiofiles.open(path, "rb", buffering=0) as f:
            for number, offset in left:
                await f.seek(offset)
                chunks[number] = await f.read(size)

    await asyncio.gather(*(reader() for _ in range(in_flight)))
    return [chunks[number] for number in range(len(offsets))]


async def lines(path: str) -> AsyncIterator[str]:
    """`async for line in f`."""
    async with aiofiles.open(path, encoding="utf-8") as f:
        async for line in f:
            yield line


async def write_file(path: str, chunks: AsyncIterable[bytes]) -> int:
    """`await f.write(…)` of each chunk."""
    count = 0
    async with aiofiles.open(path, mode="wb") as f:
        async for chunk in chunks:
            count += await f.write(chunk)
    return count
