"""A thread for each client, each blocking in its own calls.

The shortest code that serves many at once: the main thread accepts, and every client
gets a thread in which `recv` and `sendall` simply block. Ten clients, eleven threads.

**Where it still blocks.** Every thread blocks, in `recv` or `sendall`, and the main one
in `accept`; concurrency comes from having many. Between two calls they share the GIL.

**Use it when** clients are tens or hundreds, and the handler calls blocking libraries.
A thread costs about 25 KiB of memory that is really used (and 8 MiB of address space),
and a switch of threads per message.

A client that does not read stops its own thread in `sendall`, with one chunk of 64 KiB
in memory. When the listener is shut down, replies under way get a second to be
finished.

**The idea** is in `serve` and `talk`.
"""

import contextlib
import errno
import socket
import threading
import time

CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until `listener.shutdown(SHUT_RDWR)`, which wakes `accept` with EINVAL."""
    listener.setblocking(True)
    clients: dict[socket.socket, threading.Thread] = {}
    while (conn := accept(listener)) is not None:
        clients[conn] = threading.Thread(target=talk, args=(conn, clients))
        try:
            clients[conn].start()
        # no thread is to be had: this one is turned away, the others go on
        except RuntimeError:
            del clients[conn]
            conn.close()
    hang_up(clients)


def talk(conn: socket.socket, clients: dict[socket.socket, threading.Thread]) -> None:
    """Runs in the client's thread: answer until the end of file."""
    # reset by the client: nobody else's affair
    with conn, contextlib.suppress(OSError):
        # or the end of a long reply waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := conn.recv(CHUNK):
            conn.sendall(data.upper())
    del clients[conn]


def hang_up(clients: dict[socket.socket, threading.Thread]) -> None:
    """End all threads: SHUT_RD wakes `recv`, SHUT_RDWR ends `sendall` too."""
    deadline = time.monotonic() + GRACE_S
    left = list(clients.items())  # a copy: the threads take themselves out of the dict
    for conn, _ in left:
        with contextlib.suppress(OSError):
            conn.shutdown(socket.SHUT_RD)
    for conn, thread in left:
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
            thread.join()


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
