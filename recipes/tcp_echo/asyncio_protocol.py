"""Callbacks, not coroutines: an `asyncio.Protocol` gets data and writes the reply.

The layer on which asyncio's streams are built. There is no task for a client, only an
object, so there is less work for each message, and flow control is yours:
`pause_writing` says that the client does not keep up. On uvloop it takes about as
little as a loop of `epoll` by hand.

**Where it still blocks.** Only in the loop's own wait (`epoll_wait`), for all clients
together.

**Use it when** messages per second matter and what is done for each fits into a
callback.

A client that does not read is not read from: 64 KiB wait to be sent, plus what one
receive brings, at most 256 KiB. On cancellation, what was written gets a second to be
sent.

**The idea** is in `Echo`.
"""

import asyncio
import contextlib
import errno
import socket
import sys
from typing import cast

GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


class Echo(asyncio.Protocol):
    """One client."""

    def __init__(self, clients: "set[Echo]") -> None:
        """Takes its place among the clients for as long as it is connected."""
        self.clients = clients
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there from here on."""
        self.transport = cast("asyncio.Transport", transport)
        self.clients.add(self)

    def data_received(self, data: bytes) -> None:
        """Whatever has come, up to 256 KiB: not necessarily one message."""
        self.transport.write(data.upper())

    def pause_writing(self) -> None:
        """Over 64 KiB wait to be sent: a client that does not read waits for itself."""
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Called once, however it ended; at an end of file, after all was sent."""
        self.clients.discard(self)
        self.closed.set_result(None)


async def serve(listener: socket.socket) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    listener.setblocking(False)
    loop = asyncio.get_running_loop()
    # Selector transports receive into a fresh 256 KiB each time, which glibc maps and
    # unmaps for every message, until it has once seen a bigger mapped block freed. This
    # is one.
    bytearray(1024 * 1024)
    clients: set[Echo] = set()
    try:
        while (conn := await accept(listener)) is not None:
            # reset by the client before we got to it
            with contextlib.suppress(OSError):
                # asyncio sets it only where the listener's `proto` is not 0
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await loop.connect_accepted_socket(lambda: Echo(clients), conn)
    finally:
        closed = [client.closed for client in clients]
        for client in tuple(clients):
            client.transport.close()  # sends what is left, then the end of file
        try:
            if closed:
                await asyncio.wait(closed, timeout=GRACE_S)
        finally:
            for client in tuple(clients):
                client.transport.abort()
            await asyncio.sleep(0)  # the loop closes the sockets in its next turn


async def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            if sys.platform == "win32":  # its loop tells of what is done
                conn, _ = await asyncio.get_running_loop().sock_accept(listener)
            else:
                conn, _ = listener.accept()
            return conn  # noqa: TRY300  what it says is what the call returned
        except BlockingIOError:
            await readable(listener)
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


async def readable(sock: socket.socket) -> None:
    """Wait for a client; a cancelled `loop.sock_accept` can lose one (3.11 to 3.15)."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock)


if __name__ == "__main__":
    from recipes.tcp_echo import main

    main(lambda listener: asyncio.run(serve(listener)))
