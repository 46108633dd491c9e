"""No thread and no copy: the kernel reads ahead, and `sendfile` sends what is there.

`preadv2` with `RWF_NOWAIT` of some bytes says whether a window's parts and its last
page are in the page cache; where they are not, `posix_fadvise(WILLNEED)` has the kernel
bring them in, some windows ahead, and returns. Once they are there, `sendfile` has
nothing to wait for. What is not is asked after again a millisecond later, and the loop
goes on meanwhile. Works on uvloop,
which has no `sendfile` of its own: it is tried on the socket, and a full one is waited
for.
(Sources: posix_fadvise(2), preadv2(2), sendfile(2).)

**Where it still blocks:** on the loop, in `open`, for a name that is not cached; in
`posix_fadvise` when the disk's queue is full or the file's map of blocks must be read;
and in `sendfile`, for a page that comes later than those that were asked for. What
has not come after 1000 questions is sent with a wait, and so is all of a file system
that can't say what it has in memory (tmpfs, and some network ones).

**Use it when** big files, warm and cold, are served from local disks on Linux: as with
`asyncio_sendfile`, nothing is copied through this process.

**The idea** is in `send_file`, `ready` and `bring`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from recipes.file_serve._asyncio import Client, serve_clients
from recipes.file_serve._http import (
    BACKOFF_S,
    OVERLOAD,
    Folder,
    Request,
    reply_to,
    whole,
)

if TYPE_CHECKING:
    import socket

assert sys.platform == "linux", "RWF_NOWAIT is Linux's"
REQUIRES = {
    "platform": "linux",
    "has": (
        "os.O_DIRECTORY",
        "os.sendfile",
        "os.posix_fadvise",
        "os.preadv",
        "os.RWF_NOWAIT",
    ),
}
WINDOW = 2 * 1024 * 1024  # bytes that are sent once they are all in memory
AHEAD = 8 * 1024 * 1024  # bytes that the kernel is asked to have under way
STEP = 512 * 1024  # bytes that it is asked for at a time
PAGE = 4096


async def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    await serve_clients(listener, folder, send_file)


async def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply, a window at a time, each when it is in memory."""
    fd = folder.open(request.path)
    try:
        reply = reply_to(request, os.fstat(fd).st_size)
        await client.send(reply.head)
        await client.flushed()
        at = reply.start
        while at < reply.stop:
            end = min(at + WINDOW, reply.stop)
            if not ready(fd, at, end):
                await bring(fd, at, end)
            await send(client, fd, at, end)
            at = end
    finally:
        os.close(fd)


def ready(fd: int, start: int, end: int) -> bool:
    """Whether a page every 64 KiB, and the last, are in memory; never waits."""
    byte = bytearray(1)
    try:
        for at in (*range(start, end, 16 * PAGE), end - 1):
            os.preadv(fd, [byte], at, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except OSError:  # it can't say
        return True
    return True


async def bring(fd: int, start: int, end: int) -> None:
    """Have a window brought in, and those behind it; wait for the one, for a while."""
    for ahead in range(start, start + AHEAD, STEP):
        os.posix_fadvise(fd, ahead, STEP, os.POSIX_FADV_WILLNEED)
        # it takes some 100 microseconds: all at once, by many, held the loop for 8 ms
        await asyncio.sleep(0)
    for _ in range(1000):
        if ready(fd, start, end):
            return
        await asyncio.sleep(0.001)


async def send(client: Client, fd: int, at: int, end: int) -> None:
    """Send these bytes, of which all are in memory; wait for the socket alone."""
    while at < end:
        try:
            sent = os.sendfile(client.conn.fileno(), fd, at, end - at)
        except BlockingIOError:
            await writable(client.conn)
        else:
            whole(bytes(sent > 0))
            at += sent
            client.requests.progressed()
            await asyncio.sleep(0)


async def writable(conn: socket.socket) -> None:
    """Wait until the socket takes more, or for a while when no descriptor is free."""
    try:  # the transport waits for its own descriptor: this one is ours to wait for
        sock = os.dup(conn.fileno())
    except OSError as error:
        if error.errno not in OVERLOAD:
            raise
        await asyncio.sleep(BACKOFF_S)
        return
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_writer(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(sock)
        os.close(sock)


if __name__ == "__main__":
    from recipes.file_serve import main

    main(lambda listener, folder: asyncio.run(serve(listener, folder)))
