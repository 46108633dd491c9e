"""A pool of three threads: three clients are served, the fourth is queued.

The main thread accepts everybody and hands each client to a `ThreadPoolExecutor`. The
pool bounds the threads, and a thread is taken for as long as its client stays: three
silent clients are enough, and the fourth is connected, accepted, and unanswered.

**Where it still blocks.** The workers block in `recv` and `sendall`, the main thread in
`accept`; clients beyond the pool's size wait in its queue, which no system call shows.

**Use it when** each client stays briefly (one request, one reply), and the work must
not take more than so many threads. For clients that stay, give the pool their number,
or multiplex.

A client that does not read holds its worker in `sendall`, with one chunk of 64 KiB in
memory; those queued cost a descriptor each. When the listener is shut down, replies
under way get a second to be finished.

**The idea** is in `serve` and `talk`.
"""

import contextlib
import errno
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait

STARVES = "a client keeps its thread until it leaves, and the pool has 3"
CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket, workers: int = 3) -> None:
    """Serve until the listener is shut down, at most `workers` clients at once."""
    listener.setblocking(True)
    clients: dict[Future[None], socket.socket] = {}
    with ThreadPoolExecutor(workers) as pool:
        while (conn := accept(listener)) is not None:
            future = pool.submit(talk, conn)
            clients[future] = conn
            future.add_done_callback(clients.pop)
        hang_up(clients)


def talk(conn: socket.socket) -> None:
    """Runs in a worker: answer one client until its end of file."""
    # reset by the client: nobody else's affair
    with conn, contextlib.suppress(OSError):
        # or the end of a long reply waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := conn.recv(CHUNK):
            conn.sendall(data.upper())


def hang_up(clients: dict[Future[None], socket.socket]) -> None:
    """End all workers: SHUT_RD wakes `recv`, SHUT_RDWR ends `sendall` too."""
    left = clients.copy()  # the futures' callbacks take from the original
    for future, conn in left.items():
        with contextlib.suppress(OSError):
            if future.cancel():  # still queued, so nobody else will close it
                conn.close()
            else:
                conn.shutdown(socket.SHUT_RD)
    for future in wait(left, GRACE_S).not_done:
        with contextlib.suppress(OSError):
            left[future].shutdown(socket.SHUT_RDWR)


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
