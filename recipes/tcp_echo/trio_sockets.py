"""A task for each client in a nursery, on `trio.socket`: one layer below streams.

The calls of the socket module, awaited. There is no `sendall`, because a cancelled one
could not tell how much it had sent: here the loop that keeps the rest is ours, and so
it can try the plain socket first, which saves a quarter of the time.

**Where it still blocks.** Only in trio's own wait (`epoll_wait`), for all clients
together.

**Use it when** you are on trio and want the least between you and the socket; for the
rest streams are easier.

A client that does not read stops its own task in `send`, with one chunk of 64 KiB in
memory. On cancellation, replies under way get a second to be finished.

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
    # a reset is one
    with (
        clients[conn],
        trio.socket.from_stdlib_socket(conn) as sock,
        contextlib.suppress(OSError),
    ):
        # or the end of a long reply waits 40 ms for an ACK
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while reply := (await sock.recv(CHUNK)).upper():
            # Most replies fit at once. `recv` was a checkpoint already, so no second
            # turn of the loop is spent on them.
            try:
                sent = conn.send(reply)
            except BlockingIOError:
                sent = 0
            while sent < len(reply):
                sent += await sock.send(memoryview(reply)[sent:])
    del clients[conn]


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
