"""`trio.open_file`: a hop to a thread for the open, and for each chunk that is read.

Each method call of the file object goes to one of trio's worker threads and back; what
comes is sent from trio's own thread. A file of 16 MiB makes 64 hops for its chunks of
256 KiB.

**Where it still blocks:** in `open` and `read`, in trio's worker threads (40 at once by
default); client number 41 with a cold file is queued for one. On cancellation the
thread that reads is waited for, since trio does not abandon it.

**Use it when** files are served now and then by a program on trio. Small files pay for
three hops each (open, read, close): with thousands a second, that is most of what the
server does.

**The idea** is in `send_file`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import trio

from recipes.file_serve._http import CHUNK, Folder, Request, reply_to, whole
from recipes.file_serve._trio import Client, serve_clients

if TYPE_CHECKING:
    import socket

REQUIRES = {"has": ("os.O_DIRECTORY",)}


async def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    await serve_clients(listener, folder, send_file)


async def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply, a chunk at a time."""
    async with await trio.open_file(
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

    main(lambda listener, folder: trio.run(serve, listener, folder))
