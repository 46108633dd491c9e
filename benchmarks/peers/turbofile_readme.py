"""turbofile, as its README shows it (https://github.com/4thel00z/turbofile): io_uring on Linux, from Rust."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import turbofile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


async def read_file(path: str) -> bytes:
    """`await turbofile.read_bytes(path)`."""
    content: bytes = await turbofile.read_bytes(path)
    return content


async def read_files(paths: Sequence[str]) -> list[bytes]:
    """All of them gathered."""
    contents: list[bytes] = await asyncio.gather(*map(turbofile.read_bytes, paths))
    return contents


async def read_into(path: str, buffer: bytearray) -> int:
    """`readinto`, until there is no more."""
    done = 0
    async with turbofile.open(path, "rb") as f:
        with memoryview(buffer) as view:
            while got := await f.readinto(view[done:]):
                done += got
    return done


async def read_at(path: str, offsets: Sequence[int], size: int = 4096, in_flight: int = 256) -> list[bytes]:
    """`read_at`, `in_flight` of them gathered at a time by as many tasks."""
    chunks: dict[int, bytes] = {}
    left = iter(enumerate(offsets))
    async with turbofile.open(path, "rb") as f:

        async def reader() -> None:
            for number, offset in left:
                chunks[number] = await f.read_at(offset, size)

        await asyncio.gather(*(reader() for _ in range(in_flight)))
    return [chunks[number] for number in range(len(offsets))]


async def lines(path: str) -> AsyncIterator[str]:
    """`async for line in f`."""
    async with turbofile.open(path, encoding="utf-8") as f:
        async for line in f:
            yield line
