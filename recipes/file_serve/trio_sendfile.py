"""`sendfile` in a worker thread: the thread waits for the disk, trio for the socket.

`os.sendfile` hands pages of the page cache to the socket, without a copy through this
process. On a nonblocking socket it returns as soon as the socket is full, but it waits
for pages that are not in memory: nonblocking on one side, blocking on the other. So it
runs in a thread, which comes back when the socket is full; trio then waits until there
is room again. That is one hop for each filling of the socket's buffer, 100 KiB to 4
MiB; the first one opens the file and sends the head, too.

**Where it still blocks:** in `open` and in `sendfile`, in trio's worker threads, for
the disk alone; never for a slow client. On cancellation such a thread is waited for.

**Use it when** big files are served by a program on trio: nothing is copied through
this process. (nginx does the same with `aio threads`.) TLS in the kernel apart, an
encrypted connection can't use it: the bytes must pass through this process then.

**The idea** is in `send_file`, `begin` and `fill`.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress

import trio

from recipes.file_serve._http import Folder, Reply, Request, reply_to, whole
from recipes.file_serve._trio import Client, serve_clients

assert sys.platform == "linux", "a full socket's sendfile is Linux's here"
REQUIRES = {
    "platform": "linux",
    "has": ("os.O_DIRECTORY", "os.sendfile", "socket.MSG_MORE"),
}
PIECE = 4 * 1024 * 1024  # bytes: what one thread sends at the most, before others may


async def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    await serve_clients(listener, folder, send_file)


async def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply: a hop to begin, and one for each filling of the socket."""
    hop = trio.to_thread.run_sync
    fd, reply, left, at = await hop(begin, client.conn, request, folder)
    try:
        await client.send(left)
        while at < reply.stop:
            await trio.lowlevel.wait_writable(client.conn)
            at = await hop(fill, client.conn, fd, at, reply.stop)
            client.requests.progressed()
    finally:
        os.close(fd)


def begin(
    conn: socket.socket, request: Request, folder: Folder
) -> tuple[int, Reply, bytes, int]:
    """Open, send what the socket takes, return what is left. Runs in a thread."""
    fd = folder.open(request.path)
    try:
        reply = reply_to(request, os.fstat(fd).st_size)
        more = socket.MSG_MORE if reply.stop > reply.start else 0
        sent = 0
        with suppress(BlockingIOError):  # the reply before fills the socket
            sent = conn.send(reply.head, more)  # in one segment with what follows
        left, at = reply.head[sent:], reply.start
        return fd, reply, left, at if left else fill(conn, fd, at, reply.stop)
    except BaseException:
        os.close(fd)
        raise


def fill(conn: socket.socket, fd: int, start: int, stop: int) -> int:
    """Send from `start` until the socket is full; return how far. Runs in a thread."""
    stop = min(stop, start + PIECE)
    with suppress(BlockingIOError):
        while start < stop:
            sent = os.sendfile(conn.fileno(), fd, start, stop - start)
            whole(bytes(sent > 0))
            start += sent
    return start


if __name__ == "__main__":
    from recipes.file_serve import main

    main(lambda listener, folder: trio.run(serve, listener, folder))
