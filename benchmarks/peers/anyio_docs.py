"""anyio, as its documentation shows it ("Asynchronous file I/O support", "Using sockets and streams")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from anyio.abc import SocketListener

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterable, AsyncIterator, Sequence

    from anyio.abc import SocketStream


async def read_file(path: str) -> bytes:
    """`async with await anyio.open_file(…) as f: await f.read()`."""
    async with await anyio.open_file(path, "rb") as f:
        return await f.read()


async def read_files(paths: Sequence[str]) -> list[bytes]:
    """All of them in one task group."""
    contents: dict[int, bytes] = {}

    async def read(number: int, path: str) -> None:
        contents[number] = await read_file(path)

    async with anyio.create_task_group() as group:
        for number, path in enumerate(paths):
            group.start_soon(read, number, path)
    return [contents[number] for number in range(len(paths))]


async def read_at(path: str, offsets: Sequence[int], size: int = 4096, in_flight: int = 256) -> list[bytes]:
    """A file object for each of the reads in flight, as one has only one position."""
    chunks: dict[int, bytes] = {}
    left = iter(enumerate(offsets))

    async def reader() -> None:
        async with await anyio.open_file(path, "rb", buffering=0) as f:
            for number, offset in left:
                await f.seek(offset)
                chunks[number] = await f.read(size)

    async with anyio.create_task_group() as group:
        for _ in range(in_flight):
            group.start_soon(reader)
    return [chunks[number] for number in range(len(offsets))]


async def lines(path: str) -> AsyncIterator[str]:
    """`async for line in f`."""
    async with await anyio.open_file(path, encoding="utf-8") as f:
        async for line in f:
            yield line


async def write_file(path: str, chunks: AsyncIterable[bytes]) -> int:
    """`await f.write(…)` of each chunk."""
    count = 0
    async with await anyio.open_file(path, "wb") as f:
        async for chunk in chunks:
            count += await f.write(chunk)
    return count


async def handle(client: SocketStream) -> None:
    """The documentation's handler, with an echo in it."""
    async with client:
        async for chunk in client:
            await client.send(chunk.upper())


async def serve(listener: socket.socket) -> None:
    """`await listener.serve(handle)`."""
    listener.setblocking(False)
    async with await SocketListener.from_socket(listener) as listening:
        await listening.serve(handle)
