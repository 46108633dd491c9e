"""`anyio.open_file` and anyio's streams: one source for asyncio, uvloop and trio.

Each method call of the file object goes to a worker thread and back; what comes is sent
through a stream, whose `send` returns when all is with the kernel.

**Where it still blocks:** in `open`, `read` and `close`, in anyio's worker threads (40
at once by default). On cancellation the thread that reads is waited for.

**Use it when** what you write has to run on asyncio and on trio. It costs three hops
for a small file, one more for each 256 KiB of a big one, and a layer above the loop.

**The idea** is in `send_file`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

import anyio
from anyio.abc import SocketStream

from recipes.file_serve import _http
from recipes.file_serve._http import (
    CHUNK,
    Folder,
    RefusedError,
    Request,
    Requests,
    refusal,
    reply_to,
    whole,
)

REQUIRES = {"has": ("os.O_DIRECTORY",)}


async def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply, a chunk at a time."""
    async with await anyio.open_file(
        request.path, "rb", buffering=0, opener=folder.open
    ) as file:
        reply = reply_to(request, os.fstat(file.wrapped.fileno()).st_size)
        at, data = reply.start, reply.head
        if at:
            await file.seek(at)
        while at < reply.stop:
            chunk = whole(await file.read(min(CHUNK, reply.stop - at)))
            await client.send(data + chunk)  # the head goes with the first
            at, data = at + len(chunk), b""
        if data:
            await client.send(data)


class Client:
    """One connection; what ends it is its scope's deadline."""

    def __init__(self, conn: socket.socket) -> None:
        """Take an accepted socket."""
        self.conn, self.requests = conn, Requests()
        self.scope = anyio.CancelScope(shield=True)
        self.stream: SocketStream

    async def request(self) -> Request | None:
        """The next request; None at the end."""
        while (request := self.requests.next()) is None:
            try:
                self.requests.receive(await self.stream.receive(_http.MOST_HEAD))
            except anyio.EndOfStream:
                break
        return request

    async def send(self, data: bytes) -> None:
        """Send all: a slow client makes its task wait."""
        await self.stream.send(data)
        self.requests.progressed()

    async def leave(self) -> None:
        """Say goodbye: closed with unread data, it would reset what is under way."""
        await self.stream.send_eof()
        with (
            anyio.move_on_after(_http.LINGER_S),
            contextlib.suppress(anyio.EndOfStream),
        ):
            while True:
                await self.stream.receive(_http.MOST_HEAD)


async def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    listener.setblocking(False)
    clients: set[Client] = set()
    with Folder(folder) as opened:
        async with anyio.create_task_group() as group:
            try:
                group.start_soon(look, clients)
                while (conn := await accept(listener)) is not None:
                    client = Client(conn)
                    clients.add(client)
                    group.start_soon(talk, client, clients, opened)
            finally:
                hang_up(clients)
                group.cancel_scope.cancel()  # the one who looks


async def look(clients: set[Client]) -> None:
    """Hang up on clients that took too long; once in a while is enough."""
    while True:
        await anyio.sleep(_http.TICK_S)
        now = time.monotonic()
        for client in [each for each in clients if each.requests.until < now]:
            client.scope.cancel()


def hang_up(clients: set[Client]) -> None:
    """SHUT_RD wakes who receives, the others have a second to send."""
    for client in clients:
        client.scope.deadline = anyio.current_time() + _http.GRACE_S
        with contextlib.suppress(OSError):
            client.conn.shutdown(socket.SHUT_RD)


async def talk(client: Client, clients: set[Client], folder: Folder) -> None:
    """Answer one client until its end of file."""
    # reset by the client, or the file has shrunk: nobody else's affair. ValueError: it
    # has left again already, so there is no connection to be wrapped.
    gone = contextlib.suppress(
        ValueError, OSError, anyio.EndOfStream, anyio.BrokenResourceError
    )
    with client.scope, client.conn, gone:
        # or the end of a reply waits 40 ms for an ACK: anyio does not set it
        client.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with await SocketStream.from_socket(client.conn) as client.stream:
            while (request := await client.request()) is not None:
                if request.refused:
                    await client.send(refusal(request))
                else:
                    try:
                        await send_file(client, request, folder)
                    except RefusedError as why:
                        await client.send(refusal(request, why))
                if not request.keep:
                    await client.leave()
                    break
    clients.discard(client)


async def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            return listener.accept()[0]
        except BlockingIOError:
            await anyio.wait_readable(listener)
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in _http.ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return None
            # no descriptor or memory is free: those who are served may free some
            if error.errno in _http.OVERLOAD:
                await anyio.sleep(_http.BACKOFF_S)


if __name__ == "__main__":
    from recipes.file_serve import main

    main(lambda listener, folder: anyio.run(serve, listener, folder))
