"""The line from an observer to its sampler, by which shared memory is handed over too.

A pair of sockets, by which descriptors go. On Windows, where none is handed to another process, a connection on
127.0.0.1: the sampler is told a port and a secret, and memory is known by its name.
"""

from __future__ import annotations

import pickle
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..agent.channel import Where

LENGTH = struct.Struct("<I")
COMMAND_BYTES = 4096
"""The longest command, where descriptors go with it."""
HUNG_UP = "it hung up"


if sys.platform == "win32":
    from ...process.connections import accepted, connected, listening

    ACCEPT_S, LOOK_S = 30.0, 0.2

    class Line:
        """Our end, before the sampler has connected; `arguments` are what it is told."""

        passed: tuple[int, ...] = ()

        def __init__(self) -> None:
            """Listen for the sampler."""
            self._listener, self._secret = listening()
            self.arguments = str(self._listener.getsockname()[1]), self._secret.hex()

        def started(self) -> None:
            """Nothing of it is the sampler's."""

        def open(self, check: Callable[[], None]) -> socket.socket:
            """Wait for the sampler; `check` raises once it is gone. Raises `TimeoutError` where it does not come."""
            self._listener.settimeout(LOOK_S)
            until = time.monotonic() + ACCEPT_S
            while True:
                check()
                try:
                    ours = accepted(self._listener, self._secret)
                except TimeoutError:
                    if time.monotonic() > until:
                        raise
                    continue
                if ours is not None:
                    self.close()
                    return ours

        def close(self) -> None:
            """Listen no longer."""
            self._listener.close()

    def end(first: str, second: str) -> socket.socket:
        """Return the sampler's end, from its two arguments."""
        return connected(int(first), bytes.fromhex(second))

    def hand_over(ours: socket.socket, command: dict[str, Any], memory: Sequence[Where]) -> None:
        """Send a command, with what is shared."""
        answer(ours, (command, list(memory)))

    def taken(control: socket.socket) -> tuple[dict[str, Any], list[Where]] | None:
        """Wait for a command and what comes with it; `None` once whoever sends them has hung up."""
        try:
            command, memory = answered(control)
        except EOFError:
            return None
        return command, memory

else:

    class Line:
        """Our end, before the sampler is there; `arguments` are what it is told, `passed` what it inherits."""

        def __init__(self) -> None:
            """Make both ends; raises `OSError` where nothing can be handed over by them."""
            if not hasattr(socket, "send_fds"):
                message = "this system hands no descriptors from one process to another"
                raise OSError(message)
            self._ours, self._theirs = socket.socketpair()
            self.passed: tuple[int, ...] = (self._theirs.fileno(),)
            self.arguments = str(self._theirs.fileno()), ""

        def started(self) -> None:
            """Its end is the sampler's now, or nobody's."""
            self._theirs.close()

        def open(self, check: Callable[[], None]) -> socket.socket:
            """Return our end."""
            del check
            return self._ours

        def close(self) -> None:
            """Close our end."""
            self._ours.close()

    def end(first: str, second: str) -> socket.socket:
        """Return the sampler's end, from its two arguments."""
        del second
        return socket.socket(fileno=int(first))

    def hand_over(ours: socket.socket, command: dict[str, Any], memory: Sequence[Where]) -> None:
        """Send a command, with what is shared."""
        data = pickle.dumps(command)
        socket.send_fds(ours, [LENGTH.pack(len(data)) + data], [each for each in memory if isinstance(each, int)])

    def taken(control: socket.socket) -> tuple[dict[str, Any], list[Where]] | None:
        """Wait for a command and what comes with it; `None` once whoever sends them has hung up."""
        data, descriptors, _, _ = socket.recv_fds(control, COMMAND_BYTES, 2)
        if not data:
            return None
        return pickle.loads(data[LENGTH.size :]), list(descriptors)  # noqa: S301  from our own parent


def answer(control: socket.socket, what: object) -> None:
    """Send an answer."""
    data = pickle.dumps(what)
    control.sendall(LENGTH.pack(len(data)) + data)


def answered(ours: socket.socket) -> Any:
    """Wait for an answer; raises `EOFError` where none comes any more."""
    (size,) = LENGTH.unpack(_exactly(ours, LENGTH.size))
    return pickle.loads(_exactly(ours, size))  # noqa: S301  from our own process


def _exactly(stream: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = stream.recv(min(size - len(data), 1 << 20))
        if not piece:
            raise EOFError(HUNG_UP)
        data += piece
    return bytes(data)
