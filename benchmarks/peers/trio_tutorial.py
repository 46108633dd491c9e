"""trio, as its tutorial and its reference show it ("An echo server", "Asynchronous filesystem I/O")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterable, AsyncIterator, Sequence


async def read_file(path: str) -> bytes:
    """`async with await trio.open_file(…) as f: await f.read()`."""
    async with await trio.open_file(path, "rb") as f:
        return await f.read()


async def read_files(paths: Sequence[str]) -> list[bytes]:
    """All of them in one nursery."""
    contents: dict[int, bytes] = {}

    async def read(number: int, path: str) -> None:
        contents[number] = await read_file(path)

    async with trio.open_nursery() as nursery:
        for number, path in enumerate(paths):
            nursery.start_soon(read, number, path)
    return [contents[number] for number in range(len(paths))]


async def read_at(path: str, offsets: Sequence[int], size: int = 4096, in_flight: int = 256) -> list[bytes]:
    """A file object for each of the reads in flight, as one has only one position."""
    chunks: dict[int, bytes] = {}
    left = iter(enumerate(offsets))

    async def reader() -> None:
        async with await trio.open_file(path, "rb", buffering=0) as f:
            for number, offset in left:
                await f.seek(offset)
                chunks[number] = await f.read(size)

    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(reader)
    return [chunks[number] for number in range(len(offsets))]


async def lines(path: str) -> AsyncIterator[str]:
    """`async for line in f`."""
    async with await trio.open_file(path, encoding="utf-8") as f:
        async for line in f:
            yield line


async def write_file(path: str, chunks: AsyncIterable[bytes]) -> int:
    """`await f.write(…)` of each chunk."""
    count = 0
    async with await trio.open_file(path, "wb") as f:
        async for chunk in chunks:
            count += await f.write(chunk)
    return count


async def echo_server(server_stream: trio.SocketStream) -> None:
    """The tutorial's handler, without its prints."""
    async for data in server_stream:
        await server_stream.send_all(data.upper())


async def serve(listener: socket.socket) -> None:
    """`await trio.serve_tcp(…)`, on a socket that is bound already."""
    listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    await trio.serve_listeners(echo_server, [listening])
