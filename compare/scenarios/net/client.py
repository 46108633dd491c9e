"""One client of a server: what it sends, and the bytes that must come back."""

from __future__ import annotations

import socket
from contextlib import suppress

CONNECT_S = 10.0


class WrongError(Exception):
    """The server did not do what the contract says; the message tells what."""


class Client:
    """One connection: what it sends, and what must come back."""

    __slots__ = ("buffer", "expected", "got", "messages", "number", "rest", "sent", "served", "socket", "turn", "view")

    def __init__(self, number: int, port: int, size: int) -> None:
        """Connect."""
        self.number = number
        self.socket = socket.create_connection(("127.0.0.1", port), CONNECT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)  # noqa: FBT003  its only form
        self.messages = tuple(_message(number, turn, size) for turn in range(2))
        self.expected = tuple(message.upper() for message in self.messages)
        self.buffer = bytearray(size)
        self.view = memoryview(self.buffer)
        self.turn = self.got = self.served = 0
        self.rest = memoryview(b"")
        self.sent = 0.0

    def ask(self, now: float) -> bool:
        """Send the next message; whether all of it went."""
        self.sent, self.got = now, 0
        self.rest = memoryview(self.messages[self.turn])
        return self.push()

    def push(self) -> bool:
        """Send what is left of it."""
        with suppress(BlockingIOError):
            while self.rest:
                self.rest = self.rest[self.socket.send(self.rest) :]
        return not self.rest

    def answered(self) -> bool:
        """Take in what has come; whether the reply is whole.

        Raises:
            WrongError: when it is not the right one, or the server hung up.
        """
        try:
            count = self.socket.recv_into(self.view[self.got :] if self.got else self.view)
        except BlockingIOError:
            return False
        except OSError as error:
            message = f"client {self.number}: {error.strerror}"
            raise WrongError(message) from None
        if not count:
            message = f"client {self.number}: the server hung up, {self.got} bytes into reply {self.served}"
            raise WrongError(message)
        self.got += count
        if self.got < len(self.buffer):
            return False
        if self.buffer != self.expected[self.turn]:
            raise WrongError(self._difference())
        self.turn ^= 1
        self.served += 1
        return True

    def _difference(self) -> str:
        pairs = zip(self.buffer, self.expected[self.turn], strict=True)
        place, came, wanted = next((at, came, wanted) for at, (came, wanted) in enumerate(pairs) if came != wanted)
        return f"client {self.number}, reply {self.served}: byte {place} is {came:#04x}, expected {wanted:#04x}"


def _message(number: int, turn: int, size: int) -> bytes:
    """Lower-case letters, which differ by client and by turn."""
    first = (number * 7 + turn * 13) % 26
    alphabet = bytes(97 + (first + letter) % 26 for letter in range(26))
    return (alphabet * (size // 26 + 1))[:size]
