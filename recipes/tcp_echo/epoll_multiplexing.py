"""One thread, one `epoll` for all: the kernel keeps the list and tells who is ready.

The descriptors are registered once. A wait then costs what is ready and not what is
connected, which is what lets one thread hold ten thousand clients. It is written here
for speed: descriptors instead of socket objects, so that a message is one `read`, one
`write` and no look-up.

**Where it still blocks.** In `epoll_wait`, for all clients together; never in `read` or
`write`, which are called when they are ready and are nonblocking all the same, since
ready can be a mistake.

**Use it when** you write the loop yourself on Linux, for thousands of clients or the
least cost for each message. `selectors_multiplexing` is the portable one; asyncio, trio
and uvloop wait in the same call.

A client that does not read is not read from: at most one chunk of 64 KiB is kept for
it. When the listener is shut down, replies under way get a second to be finished.
"""

import contextlib
import errno
import os
import select
import socket
import sys
import time

# 1 KiB costs long messages dearly, and 1 MiB, allocated for each call, the short ones
assert sys.platform == "linux", "epoll is Linux's"
REQUIRES = {"has": ("select.epoll",)}
CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until the listener is shut down: it is ready then, and `accept` fails."""
    listener.setblocking(False)
    listening = listener.fileno()
    clients: dict[int, socket.socket] = {}
    # what is still to be sent, for those clients alone that did not take it at once
    replies: dict[int, bytes] = {}
    ended, paused_until = False, 0.0
    with select.epoll() as epoll:
        epoll.register(listening, select.EPOLLIN)
        while not ended:
            gone = []
            for fd, _ in epoll.poll(BACKOFF_S if paused_until else None):
                if fd != listening:
                    if not answer(fd, replies, epoll):
                        gone.append(fd)
                    continue
                try:
                    accept(listener, clients, epoll)
                except OSError as error:
                    # With no descriptor free, EMFILE comes first even when the listener
                    # has been shut down.
                    ended = error.errno in ENDED or not listener.getsockopt(
                        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
                    )
                    # those who wait stay ready, so the listener is left alone for a
                    # while
                    if error.errno in OVERLOAD:
                        paused_until = time.monotonic() + BACKOFF_S
                        epoll.modify(listening, 0)
            # after the loop: a number closed within it could be a new client's at once
            for fd in gone:
                replies.pop(fd, None)
                clients.pop(fd).close()  # which takes it out of epoll's list too
            if paused_until and time.monotonic() >= paused_until:
                paused_until = 0.0
                epoll.modify(listening, select.EPOLLIN)
    hang_up(clients, replies)


def accept(
    listener: socket.socket, clients: dict[int, socket.socket], epoll: select.epoll
) -> None:
    """Take the next client."""
    conn, _ = listener.accept()
    conn.setblocking(False)
    # of one who has left already, on some systems: no fault of the listener's
    with contextlib.suppress(OSError):
        # or a long reply's end waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    clients[conn.fileno()] = conn
    epoll.register(conn, select.EPOLLIN)


def answer(fd: int, replies: dict[int, bytes], epoll: select.epoll) -> bool:
    """Read a chunk, or send on; returns False when the client has left."""
    try:
        # Nothing is read before the last reply is out: a client that does not read
        # waits for itself.
        owed = replies.pop(fd, b"") if replies else b""
        reply = owed or os.read(fd, CHUNK).upper()
        if not reply:
            return False
        if (sent := write(fd, reply)) < len(reply):
            replies[fd] = reply[sent:]
            epoll.modify(fd, select.EPOLLOUT)
        elif owed:
            epoll.modify(fd, select.EPOLLIN)
    except BlockingIOError:
        pass
    except OSError:  # reset by the client
        return False
    return True


def write(fd: int, reply: bytes) -> int:
    """Returns how many bytes the kernel took: 0 when it has no room."""
    try:
        return os.write(fd, reply)
    except BlockingIOError:
        return 0


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
