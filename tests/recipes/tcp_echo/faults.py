"""What a real network does to a server, done on purpose: a client of raw sockets that takes any server by its address.

Nothing here knows of recipes. Every function ends within `BOUND_S` seconds or raises, and closes what it opened.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Address = tuple[str, int]
BOUND_S = 20.0
SILENCE_S = 0.15
"""How long nothing has to come until we believe that nothing does, in seconds."""
RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: `close` sends a reset


def connect(address: Address, **options: int) -> socket.socket:
    """A connected client; each option is one of SOL_SOCKET by its name without `SO_`, set before it connects."""
    conn = socket.socket()
    try:
        conn.settimeout(BOUND_S)
        for name, value in options.items():
            conn.setsockopt(socket.SOL_SOCKET, getattr(socket, f"SO_{name}"), value)
        conn.connect(address)
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        conn.close()
        raise
    return conn


def receive(conn: socket.socket, length: int) -> bytes:
    """Exactly so many bytes."""
    received = bytearray()
    while len(received) < length:
        data = conn.recv(min(1 << 18, length - len(received)))
        assert data, f"end of file after {len(received)} of {length} bytes"
        received += data
    return bytes(received)


def receive_all(conn: socket.socket) -> bytes:
    """Everything until the end of file."""
    received = bytearray()
    while data := conn.recv(1 << 18):
        received += data
    return bytes(received)


def ask(conn: socket.socket, message: bytes) -> None:
    """One message that fits into the kernel's buffers, and the right reply."""
    conn.sendall(message)
    assert receive(conn, len(message)) == message.upper()


def healthy(address: Address) -> None:
    """A client that does everything right is answered correctly, to its end of file."""
    with connect(address) as conn:
        ask(conn, b"Are you well? \xff\x00")
        conn.shutdown(socket.SHUT_WR)
        assert conn.recv(1) == b""


@contextmanager
def sending(conn: socket.socket, message: bytes, *, then_end: bool = False) -> Iterator[None]:
    """Send in a thread meanwhile: a big message goes through only if somebody receives the reply."""
    errors: list[OSError] = []

    def send() -> None:
        try:
            conn.sendall(message)
            if then_end:
                conn.shutdown(socket.SHUT_WR)
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        thread.join(BOUND_S)
    assert not errors, errors


def exchange(address: Address, message: bytes) -> None:
    """One message of any size, and the right reply."""
    with connect(address) as conn, sending(conn, message):
        assert receive(conn, len(message)) == message.upper()


def half_close(address: Address, message: bytes) -> None:
    """End the one direction with all the replies still to come: they come, and then the end of file."""
    with connect(address) as conn, sending(conn, message, then_end=True):
        assert receive_all(conn) == message.upper()


def reset(address: Address, when: str) -> None:
    """Leave with a reset `before`, `during` or `after` a reply."""
    with connect(address) as conn:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if when == "before":
            conn.sendall(b"leave me")
        elif when == "during":
            conn.sendall(bytes(32 * 1024))
            receive(conn, 1)
        else:
            ask(conn, b"thank you")


def leave(address: Address) -> None:
    """Connect, and go."""
    connect(address).close()


@contextmanager
def silent(address: Address, count: int) -> Iterator[list[socket.socket]]:
    """So many clients that are connected and say nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(address)) for _ in range(count)]


def is_silent(conn: socket.socket) -> bool:
    """Whether nothing comes: no data, no end, no reset."""
    return not select.select([conn], [], [], SILENCE_S)[0]


def heard_from(conns: list[socket.socket]) -> set[socket.socket]:
    """Those to which something comes, until nothing more does."""
    heard: set[socket.socket] = set()
    while ready := select.select(set(conns) - heard, [], [], SILENCE_S)[0]:
        heard.update(ready)
    return heard


@contextmanager
def never_reading(address: Address, limit: int) -> Iterator[int]:
    """A client that sends until nobody takes any more, and reads nothing; gives how many bytes were taken."""
    with connect(address, RCVBUF=16 * 1024, SNDBUF=64 * 1024) as conn:
        conn.setblocking(False)  # noqa: FBT003
        chunk, sent = os.urandom(1 << 16), 0
        while sent < limit and select.select([], [conn], [], SILENCE_S)[1]:
            with suppress(BlockingIOError):
                sent += conn.send(chunk)
        yield sent


def most_buffered() -> int:
    """How many bytes the kernel buffers at the most for one end of a connection: to be read, and to be sent."""
    settings = (Path(f"/proc/sys/net/ipv4/tcp_{name}").read_text().split()[2] for name in ("rmem", "wmem"))
    return sum(map(int, settings))


def byte_by_byte(address: Address, message: bytes) -> None:
    """Each byte is a message of its own, and waits for its reply."""
    with connect(address) as conn:
        for byte in message:
            ask(conn, bytes([byte]))


def pipelined(address: Address, messages: list[bytes]) -> None:
    """Send all without waiting: the replies come in order."""
    with connect(address) as conn, sending(conn, b"".join(messages)):
        for message in messages:
            assert receive(conn, len(message)) == message.upper()


def urgent(address: Address) -> None:
    """Out-of-band data beside the stream: the stream does not lose a byte."""
    with connect(address) as conn:
        for _ in range(3):
            conn.sendall(b"before ")
            conn.send(b"!", socket.MSG_OOB)
            ask_after = b"after "
            conn.sendall(ask_after)
            assert receive(conn, 13) == b"BEFORE AFTER "


@contextmanager
def slow_link(address: Address, message: bytes, bytes_per_s: int) -> Iterator[list[int]]:
    """A client that takes its reply at so many bytes a second; gives how much it has, in its last element."""
    taken, end = [0], threading.Event()
    with connect(address, RCVBUF=4096, SNDBUF=16 * 1024) as conn:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

        def send() -> None:
            with suppress(OSError):
                conn.sendall(message)

        def take() -> None:
            while not end.wait(0.02):
                data = conn.recv(bytes_per_s // 50)
                assert data == message[taken[-1] : taken[-1] + len(data)].upper()
                taken.append(taken[-1] + len(data))

        threads = [threading.Thread(target=send), threading.Thread(target=take)]
        for thread in threads:
            thread.start()
        try:
            yield taken
        finally:
            end.set()
            threads[1].join(BOUND_S)
            conn.shutdown(socket.SHUT_RDWR)
            threads[0].join(BOUND_S)


def latencies_s(conn: socket.socket, count: int) -> list[float]:
    """How long each of so many small messages took, in seconds."""
    took = []
    for number in range(count):
        start = time.monotonic()
        ask(conn, b"message %d" % number)
        took.append(time.monotonic() - start)
    return took
