"""What is in the page cache is sent at once, on the loop; a thread reads the rest.

`preadv2` with `RWF_NOWAIT` copies what is cached and never waits for a disk. A small
file that is cached is answered in the callback in which its request came: no task, no
hop, and no `open` for what was served within half a second: its descriptor is kept. Of
a bigger one each chunk is tried so; only what is not there goes to a thread (`EAGAIN`),
and so does all of a file system that can't tell (`EOPNOTSUPP`). Works on uvloop
unchanged.

**Where it still blocks:** on the loop in `stat` and `open`, for a name that is not
cached or a network mount that hangs; in `pread`, in the default pool's threads, for
what is not in memory.

**Use it when** most of what is served is in memory, which is what a static site's files
are, on Linux, on local disks. Big files cost a copy into this process that
`asyncio_sendfile` saves; no read holds the loop. A file that was removed keeps its
room on the disk for half a second more.

**The idea** is in `cached` and `send_at_once`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from recipes.file_serve._asyncio import Client, serve_clients
from recipes.file_serve._http import CHUNK, Folder, Request, reply_to, whole

if TYPE_CHECKING:
    import socket

assert sys.platform == "linux", "RWF_NOWAIT is Linux's"
REQUIRES = {
    "platform": "linux",
    "has": ("os.O_DIRECTORY", "os.preadv", "os.RWF_NOWAIT"),
}


async def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    await serve_clients(listener, folder, send_file, send_at_once)


def send_at_once(client: Client, request: Request, folder: Folder) -> bool:
    """Send the reply if it is short and cached; else nothing, and return False."""
    fd, length = folder.kept(request.path)
    reply = reply_to(request, length)
    size = reply.stop - reply.start
    if not 0 < size <= CHUNK:
        return False
    data = cached(fd, size, reply.start, reply.head)
    if len(data) < len(reply.head) + size:
        return False
    client.write(data)
    return True


def cached(fd: int, size: int, at: int, head: bytes) -> bytearray:
    """What of these bytes is in the page cache, behind the head; never waits."""
    memory = bytearray(len(head) + size)
    memory[: len(head)] = head
    with memoryview(memory)[len(head) :] as room:
        try:
            got = os.preadv(fd, [room], at, os.RWF_NOWAIT)
        except OSError:  # EAGAIN, EOPNOTSUPP, …: the thread will know
            got = 0
    del memory[len(head) + got :]
    return memory


async def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply, each chunk from the page cache or from a thread."""
    fd = await asyncio.to_thread(folder.open, request.path)
    try:
        reply = reply_to(request, os.fstat(fd).st_size)
        at, head = reply.start, reply.head
        while at < reply.stop:
            size = min(CHUNK, reply.stop - at)
            data = cached(fd, size, at, head)
            if len(data) == len(head):
                data += whole(await asyncio.to_thread(os.pread, fd, size, at))
            at, head = at + len(data) - len(head), b""
            await client.send(data)
            # a fast client on a fast network must not have the loop for itself
            await asyncio.sleep(0)
        if head:
            await client.send(head)
    finally:
        os.close(fd)


if __name__ == "__main__":
    from recipes.file_serve import main

    main(lambda listener, folder: asyncio.run(serve(listener, folder)))
