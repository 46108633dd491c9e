"""One thread, one `poll` for all: `select` without its limit of 1,024.

The list of descriptors and of what each waits for is kept in an object and handed to
the kernel at each call. Any descriptor will do, but the kernel still looks through all
of them each time.

**Where it still blocks.** In `poll`, for all clients together; never in `recv` or
`send`, which are called when they are ready and are nonblocking all the same, since
ready can be a mistake.

**Use it when** there are a few hundred clients and no `epoll` or `kqueue`. With
thousands, most of them silent, the looking through is what the time goes into.

A client that does not read is not read from: at most one chunk of 64 KiB is kept for
it. When the listener is shut down, replies under way get a second to be finished.
"""

import contextlib
import errno
import select
import socket
import sys
import time

assert sys.platform != "win32", "Windows has no poll"
REQUIRES = {"has": ("select.poll",)}
CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until the listener is shut down: it is ready then, and `accept` fails."""
    listener.setblocking(False)
    clients: dict[int, socket.socket] = {}
    replies: dict[int, bytes] = {}  # what each client is still to be sent
    ended, paused_until = False, 0.0
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    while not ended:
        gone = []
        for fd, _ in poller.poll(BACKOFF_S * 1000 if paused_until else None):
            if fd in clients:
                if not answer(clients[fd], replies, poller):
                    gone.append(fd)
                continue
            try:
                accept(listener, clients, replies, poller)
            except OSError as error:
                # With no descriptor free, EMFILE comes first even when the listener has
                # been shut down.
                ended = error.errno in ENDED or not listener.getsockopt(
                    socket.SOL_SOCKET, socket.SO_ACCEPTCONN
                )
                # those who wait stay ready, so the listener is left alone for a while
                if error.errno in OVERLOAD:
                    paused_until = time.monotonic() + BACKOFF_S
                    poller.modify(listener, 0)
        # after the loop: a number closed within it could be a new client's at once
        for fd in gone:
            # unlike epoll, poll keeps the number of a closed descriptor
            poller.unregister(fd)
            del replies[fd]
            clients.pop(fd).close()
        if paused_until and time.monotonic() >= paused_until:
            paused_until = 0.0
            poller.modify(listener, select.POLLIN)
    hang_up(clients, replies)


def accept(
    listener: socket.socket,
    clients: dict[int, socket.socket],
    replies: dict[int, bytes],
    poller: "select.poll",
) -> None:
    """Take the next client."""
    conn, _ = listener.accept()
    conn.setblocking(False)
    # of one who has left already, on some systems: no fault of the listener's
    with contextlib.suppress(OSError):
        # or a long reply's end waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    clients[conn.fileno()] = conn
    replies[conn.fileno()] = b""
    poller.register(conn, select.POLLIN)


def answer(
    conn: socket.socket, replies: dict[int, bytes], poller: "select.poll"
) -> bool:
    """Read a chunk, or send on; returns False when the client has left."""
    fd = conn.fileno()
    owed = replies[fd]
    try:
        reply = owed or conn.recv(CHUNK).upper()
        if not reply:
            return False
        replies[fd] = reply  # kept first: `send` may take a part, or raise
        replies[fd] = reply[conn.send(reply) :]
    except BlockingIOError:
        pass
    except OSError:  # reset by the client
        return False
    if replies[fd] or owed:
        # Nothing is read before the last reply is out: a client that does not read
        # waits for itself.
        poller.modify(fd, select.POLLOUT if replies[fd] else select.POLLIN)
    return True


def hang_up(clients: dict[int, socket.socket], replies: dict[int, bytes]) -> None:
    """Close all connections, with one second in all for the replies under way."""
    deadline = time.monotonic() + GRACE_S
    for fd, conn in clients.items():
        with conn, contextlib.suppress(OSError):
            conn.settimeout(max(0.0, deadline - time.monotonic()))
            conn.sendall(replies.get(fd, b""))


if __name__ == "__main__":
    from recipes.tcp_echo import main

    main(serve)
