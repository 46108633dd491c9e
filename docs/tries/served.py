"""A recipe's echo server in a process of its own, and its clients."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

LIMIT_S = 20.0


@contextmanager
def server(recipe: str, *before: str) -> Iterator[tuple[int, tuple[str, int]]]:
    """The process and the server's address; `before` the command: such as strace."""
    command = [*before, sys.executable, "-u", "-m", f"recipes.tcp_echo.{recipe}", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline().rpartition(":")[2])
            yield process.pid, ("127.0.0.1", port)
        finally:
            children = (
                Path(f"/proc/{process.pid}/task/{process.pid}/children")
                .read_text()
                .split()
            )
            for ended in map(
                int, children if before else [process.pid]
            ):  # strace ends with what it runs
                os.kill(ended, signal.SIGTERM)


@contextmanager
def connected(address: tuple[str, int], count: int) -> Iterator[list[socket.socket]]:
    """So many clients that are connected, and say nothing."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(address, LIMIT_S))
            for _ in range(count)
        ]


def ask(client: socket.socket) -> bytes:
    """What a client is answered."""
    client.sendall(b"hello")
    return client.recv(1024)


def cpu_ns(process: int) -> tuple[int, int]:
    """Nanoseconds that the first thread was on a CPU, and waited for one."""
    ran, waited, _ = Path(f"/proc/{process}/schedstat").read_text().split()
    return int(ran), int(waited)
