"""A task for each client in a nursery, on trio's streams.

`receive_some` and `send_all` read like blocking code; the nursery owns the tasks, so
nothing outlives `serve`.

**Where it still blocks.** Only in trio's own wait (`epoll_wait`), for all clients
together.

**Use it when** you are on trio. Each call is a checkpoint, where others run and
cancellation arrives: it costs some microseconds, and it is what makes trio fair.
`trio.serve_listeners` accepts in the same way, but takes one client per turn of the
loop, and logs an error whenever descriptors run out; this loop waits instead.

A client that does not read stops its own task in `send_all`, with one chunk of 64 KiB
in memory. On cancellation, replies under way get a second to be finished.

**The idea** is in `talk`.
"""

import contextlib
import errno
import socket

import trio

CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


async def serve(listener: socket.socket) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    listener.setblocking(False)
    clients: dict[socket.socket, trio.CancelScope] = {}
    async with trio.open_nursery() as nursery:
        try:
            while (conn := await accept(listener)) is not None:
                # what ends a client is `hang_up`
                clients[conn] = trio.CancelScope(shield=True)
                nursery.start_soon(talk, conn, clients)
        finally:
            hang_up(clients)


def hang_up(clients: dict[socket.socket, trio.CancelScope]) -> None:
    """End all clients: SHUT_RD wakes who receives, the others have a second to send."""
    for conn, scope in clients.items():
        scope.deadline = trio.current_time() + GRACE_S
        with contextlib.suppress(OSError):
            conn.shutdown(socket.SHUT_RD)


async def talk(
    conn: socket.socket, clients: dict[socket.socket, trio.CancelScope]
) -> None:
    """Answer one client until its end of file."""
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(conn))  # sets TCP_NODELAY
    # reset by the client: nobody else's affair
    with clients[conn], contextlib.suppress(trio.BrokenResourceError):
        while data := await stream.receive_some(CHUNK):
            await stream.send_all(data.upper())
    del clients[conn]
    stream.socket.close()


async def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            # tried before it waits: `trio.SocketListener` takes one client per turn
            return listener.accept()[0]
        except BlockingIOError:
            await trio.lowlevel.wait_readable(listener)
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return None
            # no descriptor or memory is free: those who are served may free some
            if error.errno in OVERLOAD:
                await trio.sleep(BACKOFF_S)


if __name__ == "__main__":
    from recipes.tcp_echo import main

    main(lambda listener: trio.run(serve, listener))
