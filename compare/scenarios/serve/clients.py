"""Those who ask a server for files: `compare.scenarios.serve.clients PORT LISTENER WORK`, started by its process.

One thread, one selector. Each client asks for a file when it has the one before, over one connection, and every byte is
compared. It says `ready` when it knows what must come, begins when it is told to, and ends the server by shutting its
listener down; then it says as JSON what it measured.
"""

from __future__ import annotations

import ctypes
import json
import re
import selectors
import signal
import socket
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from compare.scenarios.shared.storage import content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
SLOW_NAME = "slow"
SIP, SIP_S = 16 * 1024, 0.02
"""A slow client takes so many bytes at a time, with so many seconds between."""

SILENCE_S = 20.0


class WrongError(Exception):
    """What came is not what the contract says; the message tells what."""


@dataclass(slots=True)
class Client:
    """One connection, and the reply that it waits for."""

    socket: socket.socket
    names: Iterator[int]
    contents: Sequence[bytes]
    expected: bytes = b""
    head: bytes = b""
    got: int = -1
    asked: float = 0.0
    took: list[float] = field(default_factory=list)

    def ask(self) -> bool:
        """Ask for the next file; whether there is one."""
        number = next(self.names, None)
        if number is None:
            return False
        self.expected, self.head, self.got = self.contents[number], b"", -1
        self.asked = time.perf_counter()
        self.socket.sendall(b"GET /%05d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
        return True

    def receive(self) -> bool:
        """Take in what has come; whether the reply is whole.

        Raises:
            WrongError: when it is not the right one.
        """
        data = self.socket.recv(1 << 18)
        if not data:
            message = f"the server hung up {max(self.got, 0)} bytes into a file of {len(self.expected)}"
            raise WrongError(message)
        if self.got < 0:
            self.head += data
            head, end, data = self.head.partition(b"\r\n\r\n")
            if not end:
                return False
            self._check(head + b"\r\n")
            self.got = 0
        if data != self.expected[self.got : self.got + len(data)]:
            message = f"a byte after byte {self.got} of a file is not what it holds"
            raise WrongError(message)
        self.got += len(data)
        if self.got < len(self.expected):
            return False
        self.took.append(time.perf_counter() - self.asked)
        return True

    def _check(self, head: bytes) -> None:
        length = LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200 ") or length is None or int(length[1]) != len(self.expected):
            line = head.partition(b"\r\n")[0].decode(errors="replace")
            message = f"expected 200 and {len(self.expected)} bytes, got {line!r} with another length or status"
            raise WrongError(message)


def load(port: int, work: dict[str, Any], contents: Sequence[bytes]) -> dict[str, Any]:
    """Ask for all; what it took."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        slow = [stack.enter_context(_connected(port, 16 * 1024)) for _ in range(work["slow"])]
        for conn in slow:
            conn.sendall(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % SLOW_NAME.encode())
            conn.setblocking(False)  # noqa: FBT003  its only form
        clients = work["clients"]
        made = []
        for number in range(clients):
            names = (each % len(contents) for each in range(number, work["requests"], clients))
            made.append(Client(stack.enter_context(_connected(port)), names, contents))
        began = time.perf_counter()
        for client in made:
            if client.ask():
                selector.register(client.socket, selectors.EVENT_READ, client)
        _until_done(selector, slow)
        seconds = time.perf_counter() - began
        took = sorted(each for client in made for each in client.took)
    last = len(took) - 1
    latency = {"p50": took[last // 2] * 1000, "p99": took[int(last * 0.99)] * 1000, "max": took[-1] * 1000}
    return {"outcome": "ok", "reason": None, "seconds": seconds, "latency_ms": latency}


def _until_done(selector: selectors.BaseSelector, slow: list[socket.socket]) -> None:
    sip = time.perf_counter()
    while selector.get_map():
        ready = selector.select(SIP_S if slow else SILENCE_S)
        if not ready and not slow:
            message = f"nothing came for {SILENCE_S:g} s"
            raise WrongError(message)
        for key, _ in ready:
            if key.data.receive() and not key.data.ask():
                selector.unregister(key.fileobj)
        if slow and time.perf_counter() > sip:
            sip = time.perf_counter() + SIP_S
            for conn in slow:
                with suppress(BlockingIOError):
                    conn.recv(SIP)


def _connected(port: int, buffer: int = 0) -> socket.socket:
    conn = socket.socket()
    conn.settimeout(SILENCE_S)
    if buffer:
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    conn.connect(("127.0.0.1", port))
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return conn


def main(port: int, listener: int, told: str) -> None:
    """Load one server once."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)
    work = json.loads(told)
    contents = [content(number, work["bytes"]) for number in range(work["files"])]
    print("ready", flush=True)  # noqa: T201  the server's process reads it
    sys.stdin.readline()
    try:
        answer = load(port, work, contents)
    except WrongError as error:
        answer = {"outcome": "wrong", "reason": str(error)}
    except OSError as error:
        answer = {"outcome": "failed", "reason": f"a client: {error}"}
    with suppress(OSError), socket.socket(fileno=listener) as sock:
        sock.shutdown(socket.SHUT_RDWR)
    print(json.dumps(answer))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
