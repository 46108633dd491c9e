"""The chunks of a stream as they arrive over a connection; and how many bytes of them are held at once.

Each chunk is what one `recv` gave. In a pass that counts, chunks are of a class of their own, which notices when one of
them is no longer held by anybody: what a variant buffers is the most that there were at a time. Copies that it makes of
them are not seen.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

NUMBER_BYTES = 4


class Held:
    """How many bytes of chunks there are, and the most that there were."""

    def __init__(self) -> None:
        """None yet."""
        self.now = self.most = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """So many more; or fewer, from whichever thread let go of the last."""
        with self._lock:
            self.now += count
            self.most = max(self.most, self.now)

    def chunk(self, data: bytes) -> bytes:
        """The same bytes, counted as long as anybody holds them."""
        self.add(len(data))
        return _Counted(data).by(self)


class _Counted(bytes):
    """A chunk that tells when it is gone."""

    _held: Held

    def by(self, held: Held) -> _Counted:
        self._held = held
        return self

    def __del__(self) -> None:
        self._held.add(-len(self))


def connect(port: int, number: int) -> socket.socket:
    """A connection over which stream `number` arrives."""
    connection = socket.create_connection(("127.0.0.1", port), 10.0)
    connection.settimeout(None)
    connection.sendall(number.to_bytes(NUMBER_BYTES))
    return connection


def arriving(connection: socket.socket, size: int, held: Held | None) -> Iterator[bytes]:
    """Chunks of at most `size` bytes, waited for in the caller's thread."""
    while data := connection.recv(size):
        yield held.chunk(data) if held else data


async def arriving_in_loop(
    backend: str, connection: socket.socket, size: int, held: Held | None
) -> AsyncIterator[bytes]:
    """Chunks of at most `size` bytes, waited for in the loop's poller."""
    if backend == "trio":
        import trio  # noqa: PLC0415  only one of the two is there

        ours = trio.socket.from_stdlib_socket(connection)
        while data := await ours.recv(size):
            yield held.chunk(data) if held else data
        return
    import asyncio  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    connection.setblocking(False)  # noqa: FBT003  its only form
    while data := await loop.sock_recv(connection, size):
        yield held.chunk(data) if held else data
