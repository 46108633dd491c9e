"""A coroutine for each client, on the loop's `sock_recv` and `sock_sendall`.

One layer below streams: no transport, no buffers, only "try it, and else wait until the
socket is ready". Works on uvloop unchanged.

**Where it still blocks.** Only in the loop's own wait (`epoll_wait`), for all clients
together.

**Use it when** you hold a socket that something else made, or want to decide about
every byte of memory. Each wait registers the socket with the selector and takes it out
again, two system calls that a transport saves.

A client that does not read stops its own coroutine in `sock_sendall`, with one chunk of
64 KiB in memory. On cancellation, replies under way get a second to be finished.

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
    clients: dict[asyncio.Task[None], socket.socket] = {}
    cancelled = False
    async with asyncio.TaskGroup() as group:
        try:
            while (conn := await accept(listener)) is not None:
                task = group.create_task(talk(conn))
                clients[task] = conn
                task.add_done_callback(clients.pop)
        except asyncio.CancelledError:
            cancelled = True
        for task, conn in clients.items():
            with contextlib.suppress(OSError):
                # `sock_recv` tells the end of file, `sock_sendall` may finish
                conn.shutdown(socket.SHUT_RD)
            asyncio.get_running_loop().call_later(GRACE_S, task.cancel)
    if cancelled:
        raise asyncio.CancelledError


async def talk(conn: socket.socket) -> None:
    """Answer one client until its end of file."""
    loop = asyncio.get_running_loop()
    # reset by the client: nobody else's affair
    with conn, contextlib.suppress(OSError):
        conn.setblocking(False)
        # or the end of a long reply waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := await loop.sock_recv(conn, CHUNK):
            await loop.sock_sendall(conn, data.upper())


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
