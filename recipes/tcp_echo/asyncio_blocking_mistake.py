"""A mistake: blocking socket calls in `async def`; one silent client blocks all others.

It looks concurrent, with a task for each client, and it is not: `conn.recv` does not
give the loop back. While one client is silent, no other is answered, no timer fires and
no cancellation arrives. It happens through a database driver, an HTTP library or a file
that blocks, one level further down, where nobody sees it.

**Where it still blocks.** On the loop's thread, in `recv` while the client is silent
and in `sendall` while it does not read.

**Use it when** you want to see what a held loop looks like; `asyncio_sock_calls` is the
way out.

A client takes one chunk of 64 KiB of memory. Cancellation takes effect when the client
has left. Run as a program, it leaves at a signal all the same, because a signal's
handler runs within the blocked call.

**The idea** is in `talk`.
"""

import asyncio
import contextlib
import errno
import socket

STARVES = "the mistake: the loop itself waits for one client, and nobody else is served"
CHUNK = 64 * 1024
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


async def serve(listener: socket.socket) -> None:
    """Serve until cancelled or shut down: both are noticed between two clients."""
    listener.setblocking(False)
    async with asyncio.TaskGroup() as clients:
        while (conn := await accept(listener)) is not None:
            clients.create_task(talk(conn))


async def talk(conn: socket.socket) -> None:
    """Answer one client until its end of file, and let nobody else run."""
    with conn, contextlib.suppress(OSError):  # reset by the client
        conn.setblocking(True)
        # or the end of a long reply waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # the mistake: `await loop.sock_recv(conn, CHUNK)` on a nonblocking socket
        while data := conn.recv(CHUNK):
            conn.sendall(data.upper())  # and again: `await loop.sock_sendall(…)`


async def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            return (await asyncio.get_running_loop().sock_accept(listener))[0]
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return None
            # no descriptor or memory is free: those who are served may free some
            if error.errno in OVERLOAD:
                await asyncio.sleep(BACKOFF_S)


if __name__ == "__main__":
    from recipes.tcp_echo import main

    main(lambda listener: asyncio.run(serve(listener)), at_once=True)
