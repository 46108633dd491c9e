"""The clients of the trio recipes: accepted, read from, waited for, hung up on.

A `Client` is a socket and the requests that come from it, with a task of its own that
runs the recipe's `send_file` for each. To copy a recipe, copy this file too.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import trio

from recipes.file_serve import _http
from recipes.file_serve._http import Folder, RefusedError, Request, Requests, refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from os import PathLike

    SendFile = Callable[["Client", Request, Folder], Awaitable[None]]


class Client:
    """One connection."""

    def __init__(self, conn: socket.socket) -> None:
        """Take an accepted socket."""
        self.conn, self.socket = conn, trio.socket.from_stdlib_socket(conn)
        self.requests = Requests()
        self.scope = trio.CancelScope(shield=True)  # what ends a client is `_hang_up`

    async def request(self) -> Request | None:
        """The next request; None at the end."""
        while (request := self.requests.next()) is None:
            data = await self.socket.recv(_http.MOST_HEAD)
            if not data:
                break
            self.requests.receive(data)
        return request

    async def send(self, data: bytes) -> None:
        """Send all: a slow client makes its task wait."""
        rest = memoryview(data)
        while rest:
            try:  # most fits at once
                sent = self.conn.send(rest)
            except BlockingIOError:
                sent = await self.socket.send(rest)
            rest = rest[sent:]
            self.requests.progressed()


async def serve_clients(
    listener: socket.socket, folder: str | PathLike[str], send_file: SendFile
) -> None:
    """Serve until cancelled, or until the listener is shut down.

    Args:
        listener: bound by the caller, who closes it.
        folder: whose files are served.
        send_file: sends the reply to one request.
    """
    listener.setblocking(False)
    clients: set[Client] = set()
    with Folder(folder) as opened:
        async with trio.open_nursery() as nursery:
            try:
                nursery.start_soon(_look, clients)
                while (conn := await accept(listener)) is not None:
                    client = Client(conn)
                    clients.add(client)
                    nursery.start_soon(_talk, client, clients, opened, send_file)
            finally:
                _hang_up(clients)
                nursery.cancel_scope.cancel()  # the one who looks


async def _look(clients: set[Client]) -> None:
    """Hang up on clients that took too long; once in a while is enough."""
    while True:
        await trio.sleep(_http.TICK_S)
        now = time.monotonic()
        for client in [each for each in clients if each.requests.until < now]:
            client.scope.cancel()


def _hang_up(clients: set[Client]) -> None:
    """SHUT_RD wakes who receives, the others have a second to send."""
    for client in clients:
        client.scope.deadline = trio.current_time() + _http.GRACE_S
        with contextlib.suppress(OSError):
            client.conn.shutdown(socket.SHUT_RD)


async def _talk(
    client: Client, clients: set[Client], folder: Folder, send_file: SendFile
) -> None:
    """Answer one client until its end of file."""
    # reset by the client, or the file has shrunk: nobody else's affair
    with client.socket, client.scope, contextlib.suppress(OSError):
        # or the end of a reply waits 40 ms for an ACK
        client.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (request := await client.request()) is not None:
            if request.refused:
                await trio.lowlevel.checkpoint()  # many may have come at once
                await client.send(refusal(request))
            else:
                try:
                    await send_file(client, request, folder)
                except RefusedError as why:
                    await client.send(refusal(request, why))
            if not request.keep:
                await _leave(client)
                break
    clients.discard(client)


async def _leave(client: Client) -> None:
    """Say goodbye: closed with unread data, it would reset what is under way."""
    client.conn.shutdown(socket.SHUT_WR)
    with trio.move_on_after(_http.LINGER_S):
        while await client.socket.recv(_http.MOST_HEAD):
            pass


async def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            return listener.accept()[0]
        except BlockingIOError:
            await trio.lowlevel.wait_readable(listener)
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in _http.ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return None
            # no descriptor or memory is free: those who are served may free some
            if error.errno in _http.OVERLOAD:
                await trio.sleep(_http.BACKOFF_S)
