"""A thread for each client, and `sendfile`: the baseline, in blocking calls.

Every client has a thread that blocks in `recv` until a request comes, and in
`sendfile` until the kernel has taken the file: no copy through this process, and no
event loop to hold. What waits for the disk or for a slow client is that client's own
thread.

**Where it still blocks:** the main thread in `accept`; every other for its own client:
in `recv`, in `open`, and in `sendfile` for the disk and for the socket alike.

**Use it when** clients are tens or hundreds. A thread costs about 25 KiB of memory that
is really used, and a switch for each request: with thousands of idle keep-alive
connections that is most of what the process holds.

One thread more looks twice a second for clients that took too long. When the listener
is shut down, replies under way get a second to be finished.

**The idea** is in `send_file`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time

from recipes.file_serve import _http
from recipes.file_serve._http import (
    Folder,
    RefusedError,
    Request,
    Requests,
    refusal,
    reply_to,
    whole,
)

assert sys.platform == "linux", "MSG_MORE is Linux's"
REQUIRES = {
    "platform": "linux",
    "has": ("os.O_DIRECTORY", "os.sendfile", "socket.MSG_MORE"),
}
BLOCK = 1024 * 1024  # bytes that one `sendfile` waits for a client to take


def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply, as `socket.sendfile` does, and note that the client takes it."""
    fd = folder.open(request.path)
    try:
        reply = reply_to(request, os.fstat(fd).st_size)
        more = socket.MSG_MORE if reply.stop > reply.start else 0
        client.conn.sendall(reply.head, more)  # in one segment with what follows
        at = reply.start
        while at < reply.stop:
            size = min(BLOCK, reply.stop - at)
            sent = os.sendfile(client.conn.fileno(), fd, at, size)
            whole(bytes(sent > 0))
            client.requests.progressed()
            at += sent
    finally:
        os.close(fd)


class Client:
    """One connection, and the thread that serves it."""

    def __init__(self, conn: socket.socket) -> None:
        """Take an accepted socket."""
        self.conn, self.requests = conn, Requests()
        self.thread: threading.Thread

    def request(self) -> Request | None:
        """The next request; None at the end."""
        while (request := self.requests.next()) is None:
            data = self.conn.recv(_http.MOST_HEAD)
            if not data:
                break
            self.requests.receive(data)
        return request

    def shut(self, how: int) -> None:
        """Wakes its thread."""
        with contextlib.suppress(OSError):
            self.conn.shutdown(how)


def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until `listener.shutdown(SHUT_RDWR)`, which wakes `accept` with EINVAL."""
    listener.setblocking(True)
    clients: set[Client] = set()
    ended = threading.Event()
    with Folder(folder) as opened:
        looking = threading.Thread(target=look, args=(clients, ended))
        looking.start()
        try:
            while (conn := accept(listener)) is not None:
                client = Client(conn)
                clients.add(client)
                arguments = (client, clients, opened)
                client.thread = threading.Thread(target=talk, args=arguments)
                try:
                    client.thread.start()
                # no thread is to be had: this one is turned away, the others go on
                except RuntimeError:
                    clients.discard(client)
                    conn.close()
        finally:
            ended.set()
            looking.join()
            hang_up(list(clients))  # a copy: the threads take themselves out


def talk(client: Client, clients: set[Client], folder: Folder) -> None:
    """Runs in the client's thread: answer until the end of file."""
    # reset by the client, or the file has shrunk: nobody else's affair
    with client.conn, contextlib.suppress(OSError):
        # or the end of a reply waits 40 ms for an ACK
        client.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (request := client.request()) is not None:
            if request.refused:
                client.conn.sendall(refusal(request))
            else:
                try:
                    send_file(client, request, folder)
                except RefusedError as why:
                    client.conn.sendall(refusal(request, why))
            if not request.keep:
                leave(client)
                break
    clients.discard(client)


def leave(client: Client) -> None:
    """Say goodbye: closed with unread data, it would reset what is under way."""
    client.conn.shutdown(socket.SHUT_WR)
    client.requests.until = time.monotonic() + _http.LINGER_S
    while client.conn.recv(_http.MOST_HEAD):
        pass


def look(clients: set[Client], ended: threading.Event) -> None:
    """Hang up on clients that took too long; once in a while is enough."""
    while not ended.wait(_http.TICK_S):
        now = time.monotonic()
        for client in list(clients):
            if client.requests.until < now:
                client.shut(socket.SHUT_RDWR)


def hang_up(clients: list[Client]) -> None:
    """End all threads: SHUT_RD wakes `recv`, SHUT_RDWR ends `sendfile` too."""
    deadline = time.monotonic() + _http.GRACE_S
    for client in clients:
        client.shut(socket.SHUT_RD)
    for client in clients:
        client.thread.join(max(0.0, deadline - time.monotonic()))
        if client.thread.is_alive():
            client.shut(socket.SHUT_RDWR)
            client.thread.join()


def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            return listener.accept()[0]
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in _http.ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return None
            # no descriptor or memory is free: those who are served may free some
            if error.errno in _http.OVERLOAD:
                time.sleep(_http.BACKOFF_S)


if __name__ == "__main__":
    from recipes.file_serve import main

    main(serve)
