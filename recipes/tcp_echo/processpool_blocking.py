"""A pool of three processes, forked in advance, that all accept from the same listener.

Stevens' preforked server: no process is made for a client, and no socket is handed from
one process to another, because all of them wait in `accept` on one listener, and the
kernel wakes one. The fourth client stays in the listener's queue until a process is
free.

**Where it still blocks.** Each process blocks in `accept`, `recv` or `sendall`; clients
beyond the pool's size wait in the kernel, connected and unanswered.

**Use it when** the handler computes, clients stay briefly, and all cores should work.
It is how servers with "sync workers" are made.

A client that does not read stops its process in `sendall`, with one chunk of 64 KiB in
memory. When the listener is shut down, replies under way get a second to be finished.
`fork` takes only the calling thread along, so don't use this in a program that has
others.

**The idea** is in `serve` and `work`.
"""

import contextlib
import errno

# by `join` else, when no descriptor may be free to import with
import multiprocessing.connection
import select
import signal
import socket
import sys
import time

assert sys.platform != "win32", "Windows has no fork"
REQUIRES = {"has": ("os.fork", "select.poll")}
STARVES = "a client keeps its process until it leaves, and there are 3"
CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)
FORK = multiprocessing.get_context("fork")  # children inherit the listener


def serve(listener: socket.socket, workers: int = 3) -> None:
    """Serve until the listener is shut down, at most `workers` clients at once."""
    listener.setblocking(True)
    pool: list[multiprocessing.process.BaseProcess] = []
    try:
        for _ in range(workers):
            worker = FORK.Process(target=work, args=(listener,))
            # may fail, for want of memory or descriptors: then those that have begun
            # are ended
            worker.start()
            pool.append(worker)
        end = select.poll()
        # no event but the listener's end (POLLHUP, which can't be left out)
        end.register(listener, 0)
        end.poll()
    finally:
        hang_up(pool)


def hang_up(pool: list[multiprocessing.process.BaseProcess]) -> None:
    """End all processes: they have a second in all to finish the replies under way."""
    for worker in pool:
        worker.terminate()
    deadline = time.monotonic() + GRACE_S
    for worker in pool:
        worker.join(max(0.0, deadline - time.monotonic()))
        worker.kill()  # nothing to do when it has ended
        worker.join()


def work(listener: socket.socket) -> None:
    """Runs in each process of the pool: one client after the other, until shut down."""
    served: list[socket.socket] = []

    def end(_number: int, _frame: object) -> None:
        for conn in served:
            with contextlib.suppress(OSError):
                # `recv` tells the end of file, `sendall` may finish
                conn.shutdown(socket.SHUT_RD)

    # Ctrl-C reaches the whole group: the parent decides
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    while (conn := accept(listener)) is not None:
        served[:] = [conn]
        # reset by the client: nobody else's affair
        with conn, contextlib.suppress(OSError):
            # or a long reply's end waits 40 ms for an ACK
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := conn.recv(CHUNK):
                conn.sendall(data.upper())


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
