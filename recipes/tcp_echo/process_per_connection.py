"""A process for each client: the oldest concurrent server of all.

The parent accepts and forks; the child owns the connection. Nothing is shared, so a
handler that crashes takes only its own client along, and Python code of many clients
runs on many cores.

**Where it still blocks.** Each process blocks in `recv` or `sendall`, just as a thread
would; the parent in `accept`.

**Use it when** clients are few and stay long, and a handler may compute, crash or leak.
A fork costs some milliseconds and some megabytes for each client.

A client that does not read stops its own process in `sendall`, with one chunk of 64 KiB
in memory. A child that has ended stays a zombie until the next client comes. When the
listener is shut down, replies under way get a second to be finished. `fork` takes only
the calling thread along, so don't use this in a program that has others.

**The idea** is in `serve` and `talk`.
"""

import contextlib
import errno
import os
import signal
import socket
import sys
import time
from typing import NoReturn

assert sys.platform != "win32", "Windows has no fork"
REQUIRES = {"has": ("os.fork",)}
CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until `listener.shutdown(SHUT_RDWR)`, which wakes `accept` with EINVAL."""
    listener.setblocking(True)
    children: set[int] = set()
    while (conn := accept(listener)) is not None:
        with conn:  # the child has its own copy
            reap(children)
            try:
                child = os.fork()
            except OSError:  # no process is to be had: this client is turned away
                continue
            if child == 0:
                run(conn, listener)
            children.add(child)
    hang_up(children)


def run(conn: socket.socket, listener: socket.socket) -> NoReturn:
    """Runs in the child, and ends it: it does nothing that the parent means to do."""
    try:
        talk(conn, listener)
    except BaseException:  # noqa: BLE001  shown as any thread's would be
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def talk(conn: socket.socket, listener: socket.socket) -> None:
    """Answer until the end of file, or until the parent says SIGTERM."""

    def end(_number: int, _frame: object) -> None:
        with contextlib.suppress(OSError):
            # `recv` tells the end of file, `sendall` may finish
            conn.shutdown(socket.SHUT_RD)

    # Ctrl-C reaches the whole group: the parent decides
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    listener.close()
    # reset by the client: nobody else's affair
    with conn, contextlib.suppress(OSError):
        # or the end of a long reply waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := conn.recv(CHUNK):
            conn.sendall(data.upper())


def reap(children: set[int]) -> None:
    """Take leave of those that have ended: until then they are zombies."""
    for child in tuple(children):
        if os.waitpid(child, os.WNOHANG)[0]:
            children.remove(child)


def hang_up(children: set[int]) -> None:
    """End all children: they have a second in all to finish the replies under way."""
    deadline = time.monotonic() + GRACE_S
    for child in children:
        os.kill(child, signal.SIGTERM)
    while children and time.monotonic() < deadline:
        reap(children)
        # there is no call that waits for several processes, and not for ever
        time.sleep(0.01)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def accept(listener: socket.socket) -> socket.socket | None:
    """Returns the next client's socket; None when the listener has been shut down."""
    while True:
        try:
            return listener.accept()[0]
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return None
            # no descriptor or memory is free: those who are served may free some
            if error.errno in OVERLOAD:
                time.sleep(BACKOFF_S)


if __name__ == "__main__":
    from recipes.tcp_echo import main

    main(serve)
