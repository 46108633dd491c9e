"""One thread, one `select` for all: wait until any socket can be read or written.

The oldest multiplexer: hand over a list of sockets to read and a list to write, sleep,
and get those that are ready. A client is in the first list while nothing is owed to it,
and in the second while a part of its reply is left.

**Where it still blocks.** In `select`, for all clients together; never in `recv` or
`send`, which are called when they are ready and are nonblocking all the same, since
ready can be a mistake.

**Use it when** there are fewer than a thousand clients and the code must run
everywhere, Windows too. The kernel looks through both lists at each call, so the cost
of a message grows with the number of clients; and descriptors of 1,024 and more don't
fit into its bit mask: such a client is turned away, with a warning in the log.

A client that does not read is not read from: at most one chunk of 64 KiB is kept for
it. When the listener is shut down, replies under way get a second to be finished.
"""

import contextlib
import errno
import logging
import select
import socket
import time

CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
FD_SETSIZE = 1024  # `select` raises ValueError from here on
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until the listener is shut down: it is ready then, and `accept` fails."""
    listener.setblocking(False)
    replies: dict[socket.socket, bytes] = {}  # what each client is still to be sent
    paused_until = 0.0
    while True:
        # Nothing is read before the last reply is out: a client that does not read
        # waits for itself.
        reading = [conn for conn, reply in replies.items() if not reply]
        writing = [conn for conn, reply in replies.items() if reply]
        paused = time.monotonic() < paused_until
        if not paused:
            reading.append(listener)
        readable, writable, _ = select.select(
            reading, writing, [], BACKOFF_S if paused else None
        )
        if listener in readable:
            readable.remove(listener)
            try:
                accept(listener, replies)
            except OSError as error:
                # With no descriptor free, EMFILE comes first even when the listener has
                # been shut down.
                if error.errno in ENDED or not listener.getsockopt(
                    socket.SOL_SOCKET, socket.SO_ACCEPTCONN
                ):
                    break
                # those who wait stay ready, so the listener is left out for a while
                if error.errno in OVERLOAD:
                    paused_until = time.monotonic() + BACKOFF_S
        for conn in [conn for conn in readable + writable if not answer(conn, replies)]:
            # after the loop, and before the next `select`, which refuses a closed
            # socket
            del replies[conn]
            conn.close()
    hang_up(replies)


def accept(listener: socket.socket, replies: dict[socket.socket, bytes]) -> None:
    """Take the next client, or turn it away when `select` can't hold it."""
    conn, address = listener.accept()
    if conn.fileno() >= FD_SETSIZE:
        logging.getLogger(__name__).warning(
            "select takes no descriptor above 1023: %s is turned away", address
        )
        conn.close()
        return
    conn.setblocking(False)
    # of one who has left already, on some systems: no fault of the listener's
    with contextlib.suppress(OSError):
        # or a long reply's end waits 40 ms for an ACK
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    replies[conn] = b""


def answer(conn: socket.socket, replies: dict[socket.socket, bytes]) -> bool:
    """Read a chunk, or send on; returns False when the client has left."""
    try:
        reply = replies[conn] or conn.recv(CHUNK).upper()
        if not reply:
            return False
        replies[conn] = reply  # kept first: `send` may take a part, or raise
        replies[conn] = reply[conn.send(reply) :]
    except BlockingIOError:
        pass
    except OSError:  # reset by the client
        return False
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
