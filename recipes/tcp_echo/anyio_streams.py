"""A task for each client, on anyio's streams: one source for asyncio, uvloop and trio.

`receive` raises `EndOfStream` instead of returning nothing, and `send` returns when all
is with the kernel.

**Where it still blocks.** Only in the backend's own wait (`epoll_wait`), for all
clients together.

**Use it when** you write a library that has to run on asyncio and on trio, or want
trio's structure on asyncio. It is a layer above either, and costs what a layer costs.

A client that does not read stops its own task in `send`: one chunk of 64 KiB is in
memory, on asyncio also one receive of at most 256 KiB. But on uvloop a client that
sends from the start and never reads may be read without end: anyio stops the transport
only after a `receive` that had to wait (seen with anyio 4.16). On cancellation, replies
under way get a second to be finished.

**The idea** is in `talk`.
"""

import contextlib
import errno
import socket

import anyio
from anyio.abc import SocketStream

CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


async def serve(listener: socket.socket) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    listener.setblocking(False)
    # On asyncio, transports receive into a fresh 256 KiB each time, which glibc maps
    # and unmaps for every message, until it has once seen a bigger mapped block freed.
    # This is one.
    bytearray(1024 * 1024)
    clients: dict[socket.socket, anyio.CancelScope] = {}
    async with anyio.create_task_group() as group:
        try:
            while (conn := await accept(listener)) is not None:
                # what ends a client is `hang_up`
                clients[conn] = anyio.CancelScope(shield=True)
                group.start_soon(talk, conn, clients)
        finally:
            hang_up(clients)


def hang_up(clients: dict[socket.socket, anyio.CancelScope]) -> None:
    """End all clients: SHUT_RD wakes who receives, the others have a second to send."""
    for conn, scope in clients.items():
        scope.deadline = anyio.current_time() + GRACE_S
        with contextlib.suppress(OSError):
            conn.shutdown(socket.SHUT_RD)


async def talk(
    conn: socket.socket, clients: dict[socket.socket, anyio.CancelScope]
) -> None:
    """Answer one client until its end of file."""
    # ValueError: the client has left again already, so there is no connection to be
    # wrapped.
    gone = contextlib.suppress(
        ValueError, OSError, anyio.EndOfStream, anyio.BrokenResourceError
    )
    with clients[conn], conn, gone:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # anyio does not
        async with await SocketStream.from_socket(conn) as stream:
            while True:
                await stream.send((await stream.receive(CHUNK)).upper())
    del clients[conn]


async def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            # tried before it waits: `trio.SocketListener` takes one client per turn
            return listener.accept()[0]
        except BlockingIOError:
            await anyio.wait_readable(listener)
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return None
            # no descriptor or memory is free: those who are served may free some
            if error.errno in OVERLOAD:
                await anyio.sleep(BACKOFF_S)


if __name__ == "__main__":
    from recipes.tcp_echo import main

    main(lambda listener: anyio.run(serve, listener))
