"""A coroutine for each client, on asyncio's streams: it reads like blocking code.

`await reader.read()` lets the loop serve others until there is data, and `await
writer.drain()` until the client has taken enough of what was written. Works on uvloop
unchanged.

**Where it still blocks.** Only in the loop's own wait (`epoll_wait`), for all clients
together.

**Use it when** you serve many clients and what you do for each is best told as a
sequence of steps. A protocol does less work per message (about two thirds), streams are
easier to get right.

A client that does not read stops its own coroutine in `drain`: some 64 KiB wait to be
sent, and at most 400 KiB are read ahead. On cancellation, what was written gets a
second to be sent. `asyncio.start_server` would accept for us, but it keeps no hold of
its handlers, and logs an error whenever descriptors run out; this loop waits instead.

**The idea** is in `talk`.
"""

import asyncio
import contextlib
import errno
import socket
import sys

CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


async def serve(listener: socket.socket) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    listener.setblocking(False)
    # Selector transports receive into a fresh 256 KiB each time, which glibc maps and
    # unmaps for every message, until it has once seen a bigger mapped block freed. This
    # is one.
    bytearray(1024 * 1024)
    clients: dict[asyncio.Task[None], socket.socket] = {}
    # cancelled, it cancels them all and waits for them
    async with asyncio.TaskGroup() as group:
        while (conn := await accept(listener)) is not None:
            client = group.create_task(talk(conn))
            clients[client] = conn
            # cancelled early, it never ran
            client.add_done_callback(lambda client: clients.pop(client).close())
        for client in clients:
            client.cancel()


async def talk(conn: socket.socket) -> None:
    """Answer one client until its end of file."""
    # asyncio sets it only where the listener's `proto` is not 0
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reader, writer = await asyncio.open_connection(sock=conn)
    try:
        while data := await reader.read(CHUNK):
            writer.write(data.upper())
            await writer.drain()
        writer.close()  # sends what is left, then the end of file
        await writer.wait_closed()
    except OSError:  # reset by the client: nobody else's affair
        pass
    finally:
        with contextlib.suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(GRACE_S):
                writer.close()
                await writer.wait_closed()
        writer.transport.abort()


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
