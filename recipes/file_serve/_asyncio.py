"""The clients of the asyncio recipes: accepted, read from, waited for, hung up on.

A `Client` is an `asyncio.Protocol`. Each request starts a task that runs the recipe's
`send_file`; while that sends, the client is not read from. A client ends by what
becomes of its socket, never by a cancelled task: a thread may be about to open a file
for it. To copy a recipe, copy this file too.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import TYPE_CHECKING, Any, cast

from recipes.file_serve import _http
from recipes.file_serve._http import Folder, RefusedError, Request, Requests, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from os import PathLike

    SendFile = Callable[["Client", Request, Folder], Coroutine[Any, Any, None]]
    AtOnce = Callable[["Client", Request, Folder], bool]


def _never(_client: Client, _request: Request, _folder: Folder) -> bool:
    return False


class Server:
    """What all clients of one `serve` share."""

    def __init__(self, folder: Folder, send_file: SendFile, at_once: AtOnce) -> None:
        """Serve nobody yet."""
        self.folder, self.send_file, self.at_once = folder, send_file, at_once
        self.clients: set[Client] = set()
        self.ending = False
        self.empty = asyncio.Event()

    async def look(self) -> None:
        """Hang up on clients that took too long; once in a while is enough."""
        while True:
            await asyncio.sleep(_http.TICK_S)
            self.folder.forget()
            now = time.monotonic()
            for client in [each for each in self.clients if each.requests.until < now]:
                client.shut(socket.SHUT_RDWR)

    async def end(self) -> None:
        """Let replies under way finish, for a while, and wait for all to be gone."""
        self.ending = True
        for client in list(self.clients):
            client.shut(socket.SHUT_RD)  # those that wait for a request see its end
            client.requests.until = time.monotonic() + _http.GRACE_S
        self.empty.clear()
        if self.clients:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.empty.wait(), _http.GRACE_S)
        while self.clients:
            self.empty.clear()
            for client in list(self.clients):
                client.shut(socket.SHUT_RDWR)
            await self.empty.wait()


async def serve_clients(
    listener: socket.socket,
    folder: str | PathLike[str],
    send_file: SendFile,
    at_once: AtOnce = _never,
) -> None:
    """Serve until cancelled, or until the listener is shut down.

    Args:
        listener: bound by the caller, who closes it.
        folder: whose files are served.
        send_file: sends the reply to one request.
        at_once: tried before that, without a task: sends the whole reply and returns
            true, or sends nothing.
    """
    listener.setblocking(False)
    with Folder(folder) as opened:
        server = Server(opened, send_file, at_once)
        looking = asyncio.create_task(server.look())
        try:
            while (conn := await accept(listener)) is not None:
                Client(server, conn)
        finally:
            looking.cancel()
            await server.end()


class Client(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, server: Server, conn: socket.socket) -> None:
        """Take the socket, by which it is ended."""
        self.server, self.conn = server, conn
        self.requests = Requests()
        self._full: asyncio.Future[None] | None = None
        self._ended = self._leaving = self._lost = False
        self._task: asyncio.Task[None] | None = None
        server.clients.add(self)
        loop = asyncio.get_running_loop()
        # no cancellation reaches it between the socket and its transport
        self._connecting = loop.create_task(self._connect(loop))

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await loop.connect_accepted_socket(lambda: self, self.conn)
        except OSError:  # reset by the client already
            self.conn.close()
            self._gone()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # or the end of a reply waits 40 ms for an ACK: asyncio sets it only
        # where the listener's `proto` is not 0, as `socket.create_server` leaves it
        with contextlib.suppress(OSError):
            self.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # uvloop's is not registered as one
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Serve what is whole."""
        if not self._leaving:
            self.requests.receive(data)
            self._go_on()

    def eof_received(self) -> bool:
        """The client has said all: what it asked for is still sent."""
        self._ended = True
        if self._leaving:
            self.transport.close()
        else:
            self._go_on()
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        """Whoever sends is told; when nobody does, this client is done."""
        self._lost = True
        self.resume_writing()
        if self._task is None:
            self._gone()

    def pause_writing(self) -> None:
        """Enough is waiting to be sent."""
        self._full = self._full or asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Most of it has been sent."""
        full, self._full = self._full, None
        if full is not None and not full.done():
            full.set_result(None)
        if self._task is None and full is not None:
            self._go_on()

    async def send(self, data: bytes | bytearray) -> None:
        """Send, and wait until little is left: a slow client makes its task wait."""
        self.write(data)
        if self._full is not None:
            await self._full
        self.requests.progressed()
        if self._lost:
            raise ConnectionResetError

    async def flushed(self) -> None:
        """Wait until all is with the kernel: for who sends past the transport."""
        if not self._lost:
            self.transport.set_write_buffer_limits(high=0)
            if self._full is not None:
                await self._full
        if self._lost:
            raise ConnectionResetError
        self.transport.set_write_buffer_limits()

    def write(self, data: bytes | bytearray) -> None:
        """Send without a wait: `at_once` does."""
        if not self._lost:
            self.transport.write(data)

    def shut(self, how: int) -> None:
        """End one direction or both: whoever waits for the socket wakes."""
        with contextlib.suppress(OSError):
            self.conn.shutdown(how)

    def _go_on(self) -> None:
        """Serve requests until one has to wait, or there is none, or some are done."""
        for _ in range(_http.TURN):
            if self._task or self._leaving or self.transport.is_closing():
                return
            if self._full is not None:
                self.transport.pause_reading()
                return
            request = self.requests.next()
            if request is None:
                if self._ended or self.server.ending:
                    self._leave()
                else:
                    self.transport.resume_reading()
                return
            if not self._at_once(request):
                self.transport.pause_reading()
                loop = asyncio.get_running_loop()
                self._task = loop.create_task(self._reply(request))
            elif not request.keep:
                self._leave()
        if not self.transport.is_closing():  # more were sent at once: others first
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._go_on)

    def _at_once(self, request: Request) -> bool:
        if request.refused:
            self.write(refusal(request))
            return True
        try:
            return self.server.at_once(self, request, self.server.folder)
        except RefusedError as why:
            self.write(refusal(request, why))
        return True

    async def _reply(self, request: Request) -> None:
        try:
            await self.server.send_file(self, request, self.server.folder)
        except RefusedError as why:
            self.write(refusal(request, why))
        except OSError:  # reset by the client, or the file has shrunk
            self.transport.abort()
        except BaseException:
            self.transport.abort()
            raise
        finally:
            self._task = None
            if self._lost:
                self._gone()
        if not request.keep:
            self._leave()
        self._go_on()

    def _leave(self) -> None:
        """Say goodbye: closed with unread data, it would reset what is under way."""
        if self._leaving or self.transport.is_closing():
            return
        self._leaving = True
        if self._ended or self.server.ending:
            self.transport.close()
            return
        self.requests.until = time.monotonic() + _http.LINGER_S
        self.transport.write_eof()
        self.transport.resume_reading()

    def _gone(self) -> None:
        self.server.clients.discard(self)
        if not self.server.clients:
            self.server.empty.set()


async def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            conn = listener.accept()[0]
        except BlockingIOError:
            await readable(listener)
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in _http.ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return None
            # no descriptor or memory is free: those who are served may free some
            if error.errno in _http.OVERLOAD:
                await asyncio.sleep(_http.BACKOFF_S)
        else:
            conn.setblocking(False)
            return conn


async def readable(sock: socket.socket) -> None:
    """Wait for a client; a cancelled `loop.sock_accept` can lose one (3.11 to 3.15)."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock)
