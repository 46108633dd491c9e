"""The line between a host and its child where pipes can't be waited for: a connection on 127.0.0.1.

The child is told a port and a secret, connects, and sends the secret first: whoever else connects is turned away.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import selectors

SECRET_BYTES = 16
CONNECT_S = 10.0


class Connection:
    """A host's end of a connection that the child makes; what is said before that waits."""

    passed: tuple[int, ...] = ()

    def __init__(self) -> None:
        """Listen for the child."""
        listener, self._secret = listening()
        self._listener: socket.socket | None = listener
        self._socket: socket.socket | None = None
        self._waiting = b""
        self._child: object = None
        self._hung_up = False

    @property
    def messages(self) -> int:
        """The descriptor that is waited for; -1 when all is closed."""
        sock = self._socket or self._listener
        return sock.fileno() if sock is not None else -1

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the child is told."""
        assert self._listener is not None
        return str(self._listener.getsockname()[1]), self._secret.hex()

    def register(self, selector: selectors.BaseSelector, child: object) -> None:
        """Wait for the child, and then for its messages, there."""
        self._child = child
        selector.register(self.messages, 1, child)

    def send(self, data: bytes) -> None:
        """Send to a child that reads; one that is gone is noticed when its answer is waited for."""
        if self._socket is None:
            self._waiting += data
            return
        with suppress(OSError):
            self._socket.sendall(data)

    def receive(self, selector: selectors.BaseSelector) -> bytes | None:
        """What has come, when something has; `b""` at the end, `None` when only the child has."""
        if self._socket is not None:
            try:
                return self._socket.recv(65536)
            except ConnectionError:  # it was ended with data unread
                return b""
        self._accept(selector)
        return None

    def _accept(self, selector: selectors.BaseSelector) -> None:
        assert self._listener is not None
        came = accepted(self._listener, self._secret)
        if came is None:  # the child is still to come
            return
        selector.unregister(self._listener.fileno())
        self._listener.close()
        self._socket, self._listener = came, None
        selector.register(came.fileno(), 1, self._child)
        self.send(self._waiting)
        self._waiting = b""
        if self._hung_up:
            self.hang_up()

    def hang_up(self) -> None:
        """Tell the child to end: it hears that its line is closed."""
        self._hung_up = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give everything back."""
        for sock in (self._socket, self._listener):
            if sock is not None:
                sock.close()
        self._socket = self._listener = None


class ConnectionEnd:
    """A child's end of a connection."""

    def __init__(self, port: int, secret: bytes) -> None:
        """Connect."""
        self._socket = connected(port, secret)
        self.descriptor = self._socket.fileno()

    def read(self) -> bytes:
        """Wait for what the host says; `b""` when it has hung up, or has gone."""
        try:
            return self._socket.recv(65536)
        except ConnectionError:
            return b""

    def write(self, data: bytes) -> None:
        """Say it; the host reads all the time."""
        self._socket.sendall(data)

    def close(self) -> None:
        """Give it back; a process that ends does so anyway."""
        self._socket.close()


def listening() -> tuple[socket.socket, bytes]:
    """Return a listener for one who knows the secret, and the secret."""
    return socket.create_server(("127.0.0.1", 0)), os.urandom(SECRET_BYTES)


def accepted(listener: socket.socket, secret: bytes) -> socket.socket | None:
    """Accept who has come; `None`: it was somebody else."""
    came, _ = listener.accept()
    came.settimeout(CONNECT_S)
    if _exactly(came, SECRET_BYTES) != secret:
        came.close()
        return None
    came.settimeout(None)
    return came


def connected(port: int, secret: bytes) -> socket.socket:
    """Connect to a listener, and say the secret."""
    ours = socket.create_connection(("127.0.0.1", port), CONNECT_S)
    ours.settimeout(None)
    ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ours.sendall(secret)
    return ours


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    with suppress(OSError):
        while len(data) < size and (piece := sock.recv(size - len(data))):
            data += piece
    return data
