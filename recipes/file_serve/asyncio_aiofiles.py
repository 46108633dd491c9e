"""aiofiles: a hop to a thread for the open, for each chunk, and for the close.

The code that most people write first: a file object with an `await` before each call,
and a loop that reads a chunk and sends it. Works on uvloop unchanged.

**Where it still blocks:** in `open`, `read` and `close`, in the default pool's `min(32,
CPUs + 4)` threads, which the rest of the program shares: name lookups too. More clients
with cold files than threads are queued there.

**Use it when** files are served now and then. A small file takes three hops, a file of
16 MiB takes 66: this is most of the time that goes into it, and `asyncio_cached_first`
saves all of it for what is in memory.

**The idea** is in `send_file`.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import aiofiles

from recipes.file_serve._asyncio import Client, serve_clients
from recipes.file_serve._http import CHUNK, Folder, Request, reply_to, whole

if TYPE_CHECKING:
    import socket

REQUIRES = {"has": ("os.O_DIRECTORY",)}


async def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    await serve_clients(listener, folder, send_file)


async def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply, a chunk at a time."""
    async with aiofiles.open(
        request.path, "rb", buffering=0, opener=folder.open
    ) as file:
        reply = reply_to(request, os.fstat(file.fileno()).st_size)
        at, data = reply.start, reply.head
        if at:
            await file.seek(at)
        while at < reply.stop:
            chunk = whole(await file.read(min(CHUNK, reply.stop - at)))
            await client.send(data + chunk)  # the head goes with the first
            at, data = at + len(chunk), b""
        if data:
            await client.send(data)


if __name__ == "__main__":
    from recipes.file_serve import main

    main(lambda listener, folder: asyncio.run(serve(listener, folder)))
