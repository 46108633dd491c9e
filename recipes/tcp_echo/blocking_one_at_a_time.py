"""One thread, one client at a time: the next one waits until it has left.

Stevens' iterative server, and the baseline: `accept`, then `recv` and `send` until the
client goes, then `accept` again. All others wait in the listener's queue, connected by
the kernel and unanswered.

**Where it still blocks.** Everywhere: in `accept`, in `recv` while the client is
silent, in `send` while it does not read. Whoever is silent holds everybody else up.

**Use it when** there is one client at a time by design: a debugger's port, a device, a
test.

A reply is at most one chunk of 64 KiB, and nothing more is read before it is sent: that
is all the memory a client can take. When the listener is shut down, the reply under way
gets a second to be finished.

**The idea** is in `serve` and `talk`.
"""

import contextlib
import errno
import socket
import struct
import time

STARVES = "one client at a time: the next is accepted when this one has left"
CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
LOOK_UP = struct.pack("@ll", 0, 500_000)  # a `struct timeval` of half a second
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until `listener.shutdown(SHUT_RDWR)`, which wakes `accept` with EINVAL."""
    listener.setblocking(True)
    while (conn := accept(listener)) is not None:
        # reset by the client: the next one, please
        with conn, contextlib.suppress(OSError):
            talk(conn, listener)


def talk(conn: socket.socket, listener: socket.socket) -> None:
    """Answer one client until it has sent its end of file."""
    # or the end of a long reply waits 40 ms for an ACK
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A call that blocks can't wait for two things, so twice a second it looks up: does
    # the listener still listen?
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, LOOK_UP)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, LOOK_UP)
    reply = b""
    while listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        with contextlib.suppress(BlockingIOError):
            if not reply:
                reply = conn.recv(CHUNK).upper()
                if not reply:
                    return
            # may have sent a part: the rest stays ours
            reply = reply[conn.send(reply) :]
    conn.settimeout(GRACE_S)
    conn.sendall(reply)


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
