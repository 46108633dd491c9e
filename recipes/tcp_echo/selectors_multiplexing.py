"""One thread and `selectors`, which picks epoll, kqueue, poll or select.

The standard library's portable form, and the one that asyncio is built on. Each socket
is registered with what to do when it is ready, so the loop itself is three lines.

**Where it still blocks.** In the selector's one wait, for all clients together; never
in `recv` or `send`, which are called when they are ready and are nonblocking all the
same, since ready can be a mistake.

**Use it when** you need a small loop of your own that runs on every platform, without a
framework.

A client that does not read is not read from: at most one chunk of 64 KiB is kept for
it. When the listener is shut down, replies under way get a second to be finished.
"""

import contextlib
import errno
import selectors
import socket
import time
from selectors import EVENT_READ, EVENT_WRITE

CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until the listener is shut down: it is ready then, and `accept` fails."""
    listener.setblocking(False)
    replies: dict[socket.socket, bytes] = {}  # what each client is still to be sent
    ended, paused_until = False, 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(listener, EVENT_READ, listener)
        while not ended:
            gone = []
            for key, _ in selector.select(BACKOFF_S if paused_until else None):
                if key.data is not listener:
                    if not answer(key.data, replies, selector):
                        gone.append(key.data)
                    continue
                try:
                    accept(listener, replies, selector)
                except OSError as error:
                    # With no descriptor free, EMFILE comes first even when the listener
                    # has been shut down.
                    ended = error.errno in ENDED or not listener.getsockopt(
                        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
                    )
                    # those who wait stay ready, so the listener is left out for a while
                    if error.errno in OVERLOAD:
                        paused_until = time.monotonic() + BACKOFF_S
                        selector.unregister(listener)
            # after the loop: a number closed within it could be a new client's at once
            for conn in gone:
                selector.unregister(conn)
                del replies[conn]
                conn.close()
            if paused_until and time.monotonic() >= paused_until:
                paused_until = 0.0
                selector.register(listener, EVENT_READ, listener)
    hang_up(replies)


def accept(
    listener: socket.socket,
    replies: dict[socket.socket, bytes],
    selector: selectors.BaseSelector,
) -> None:
    """Take the next client."""
    conn, _ = listener.accept()
    conn.setblocking(False)
    # of one who has left already, on some systems: no fault of the listener's
    with contextlib.suppress(OSError):
        # or a long reply's end waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    replies[conn] = b""
    selector.register(conn, EVENT_READ, conn)


def answer(
    conn: socket.socket,
    replies: dict[socket.socket, bytes],
    selector: selectors.BaseSelector,
) -> bool:
    """Read a chunk, or send on; returns False when the client has left."""
    owed = replies[conn]
    try:
        reply = owed or conn.recv(CHUNK).upper()
        if not reply:
            return False
        replies[conn] = reply  # kept first: `send` may take a part, or raise
        replies[conn] = reply[conn.send(reply) :]
    except BlockingIOError:
        pass
    except OSError:  # reset by the client
        return False
    if replies[conn] or owed:
        # Nothing is read before the last reply is out: a client that does not read
        # waits for itself.
        selector.modify(conn, EVENT_WRITE if replies[conn] else EVENT_READ, conn)
    return True


def hang_up(replies: dict[socket.socket, bytes]) -> None:
    """Close all connections, with one second in all for the replies under way."""
    deadline = time.monotonic() + GRACE_S
    for conn, reply in replies.items():
        with conn, contextlib.suppress(OSError):
            conn.settimeout(max(0.0, deadline - time.monotonic()))
            conn.sendall(reply)


if __name__ == "__main__":
    from recipes.tcp_echo import main

    main(serve)
