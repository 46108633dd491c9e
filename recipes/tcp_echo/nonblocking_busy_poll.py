"""One thread, nonblocking sockets, and no wait: every socket is tried again and again.

`setblocking(False)` makes a call return at once: with its result, or with
`BlockingIOError` for "not yet". One thread can so serve many clients, by asking each of
them in turn, for ever. What is not sent yet is kept and tried again; clients that have
left are removed after the loop, because a dict must not change its size while it is
walked.

**Where it still blocks.** Nowhere, and that is the trouble: with nothing to do it uses
100 % of a CPU, and each client costs a system call per round, however silent it is.

**Use it when** you want to see what multiplexing saves, or when a core is set apart for
the lowest latency.

A client that does not read is not read from: at most one chunk of 64 KiB is kept for
it. When the listener is shut down, replies under way get a second to be finished.
"""

import contextlib
import errno
import socket
import time

CHUNK = 64 * 1024
GRACE_S = 1.0
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until the listener is shut down: then `accept` fails with EINVAL."""
    listener.setblocking(False)
    replies: dict[socket.socket, bytes] = {}  # what each client is still to be sent
    while accept(listener, replies):
        gone = []
        for conn, reply in replies.items():
            try:
                # Nothing is read before the last reply is out: a client that does not
                # read waits for itself.
                left = reply or conn.recv(CHUNK).upper()
                if left:
                    replies[conn] = left  # kept first: `send` may take a part, or raise
                    replies[conn] = left[conn.send(left) :]
                else:
                    gone.append(conn)
            except BlockingIOError:
                continue
            except OSError:  # reset by the client
                gone.append(conn)
        for conn in gone:
            del replies[conn]
            conn.close()
    hang_up(replies)


def accept(listener: socket.socket, replies: dict[socket.socket, bytes]) -> bool:
    """Take all clients that wait; return False when the listener was shut down."""
    while True:
        try:
            conn, _ = listener.accept()
        except BlockingIOError:  # nobody more
            return True
        # no descriptor is free, perhaps: tried again in the next round
        except OSError as error:
            # EMFILE comes first even when the listener has been shut down.
            return error.errno not in ENDED and bool(
                listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            )
        conn.setblocking(False)
        # of one who has left already, on some systems
        with contextlib.suppress(OSError):
            # or a long reply's end waits 40 ms for an ACK
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies[conn] = b""


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
