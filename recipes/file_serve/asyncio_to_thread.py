"""`asyncio.to_thread`: one hop opens and reads the first chunk, each other is one more.

What aiofiles does with a hop for each call is done here by a function of our own, which
a thread runs: it opens the file, looks how long it is and reads the first chunk. So a
file of up to 256 KiB takes one hop where aiofiles takes three. Works on uvloop
unchanged.

**Where it still blocks:** in `open` and `pread`, in the default pool's `min(32, CPUs +
4)` threads. Each chunk is a hop: some 50 to 100 microseconds, which a thread spends on
handing over and not on the file.

**Use it when** you want nothing but the standard library, on any platform and any file
system, and the files are mostly cold: then the disk takes longer than the hop.

**The idea** is in `send_file` and `first`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from recipes.file_serve._asyncio import Client, serve_clients
from recipes.file_serve._http import CHUNK, Folder, Reply, Request, reply_to, whole

if TYPE_CHECKING:
    import socket

assert sys.platform != "win32", "Windows has no pread"
REQUIRES = {"has": ("os.O_DIRECTORY", "os.pread")}


async def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    await serve_clients(listener, folder, send_file)


async def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply: the first chunk comes with the open file."""
    fd, reply, chunk = await asyncio.to_thread(first, request, folder)
    try:
        await client.send(reply.head + chunk)
        at = reply.start + len(chunk)
        while at < reply.stop:
            size = min(CHUNK, reply.stop - at)
            chunk = whole(await asyncio.to_thread(os.pread, fd, size, at))
            await client.send(chunk)
            at += len(chunk)
    finally:
        os.close(fd)


def first(request: Request, folder: Folder) -> tuple[int, Reply, bytes]:
    """Open, and read what is sent first. Runs in a thread."""
    fd = folder.open(request.path)
    try:
        reply = reply_to(request, os.fstat(fd).st_size)
        size = min(CHUNK, reply.stop - reply.start)
        return fd, reply, whole(os.pread(fd, size, reply.start)) if size else b""
    except BaseException:
        os.close(fd)
        raise


if __name__ == "__main__":
    from recipes.file_serve import main

    main(lambda listener, folder: asyncio.run(serve(listener, folder)))
