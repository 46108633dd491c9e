"""aiofile, as its README shows it (https://github.com/mosquito/aiofile): Linux' older asynchronous I/O, or threads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiofile import async_open

if TYPE_CHECKING:
    from collections.abc import Sequence


async def read_file(path: str) -> bytes:
    """`async with async_open(…) as afp: await afp.read()`."""
    async with async_open(path, "rb") as afp:
        content = await afp.read()
        assert isinstance(content, bytes)
        return content


async def read_files(paths: Sequence[str]) -> list[bytes]:
    """All of them gathered."""
    return await asyncio.gather(*map(read_file, paths))
