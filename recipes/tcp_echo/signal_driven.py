"""One thread, woken by a signal: with `O_ASYNC` the kernel sends SIGIO for a socket.

Stevens' fourth model. The program is free to do something else, and a signal tells it
when input has come. SIGIO says neither which socket nor what: a new client, data, room
to send, an end and a reset all look the same, and signals that come close together
arrive as one. So each wake-up tries every socket until none has anything more to give,
like the busy polling server, but sleeps in between. `signal.set_wakeup_fd` turns the
signal into a byte on a socket, so that none can slip through between the last try and
the sleep.

**Where it still blocks.** In `recv` on the wake-up socket; on the clients' sockets
nowhere.

**Use it when** you want to see why nobody does: for TCP nearly everything is a signal,
each costs a system call per client, and there is one SIGIO handler per process. **The
main thread only**: Python sets signal handlers nowhere else.

A client that does not read is not read from: at most one chunk of 64 KiB is kept for
it. When the listener is shut down, replies under way get a second to be finished.

**The idea** is in `arm` and `run`.
"""

import contextlib
import errno
import fcntl
import os
import signal
import socket
import sys
import time

assert sys.platform != "win32", "Windows has no SIGIO"
REQUIRES = {"has": ("fcntl.fcntl", "os.O_ASYNC", "signal.SIGIO")}
CHUNK = 64 * 1024
GRACE_S = 1.0
BACKOFF_S = 0.1
ENDED = (errno.EINVAL, errno.EBADF)


def serve(listener: socket.socket) -> None:
    """Serve until shut down (a signal too); ValueError outside the main thread."""
    replies: dict[socket.socket, bytes] = {}  # what each client is still to be sent
    wakeups, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    with wakeups, wakeup:
        # full: it will wake up anyway
        old_fd = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        # the default would end the process
        old_handler = signal.signal(signal.SIGIO, lambda *_: None)
        try:
            arm(listener)
            run(listener, wakeups, replies)
        finally:
            signal.set_wakeup_fd(old_fd)
            fcntl.fcntl(
                listener,
                fcntl.F_SETFL,
                fcntl.fcntl(listener, fcntl.F_GETFL) & ~os.O_ASYNC,
            )
            hang_up(replies)
            signal.signal(signal.SIGIO, old_handler)


def run(
    listener: socket.socket, wakeups: socket.socket, replies: dict[socket.socket, bytes]
) -> None:
    """Try everything until nothing moves; then sleep until the next signal."""
    while True:
        limit = None
        try:
            while True:
                conn, _ = listener.accept()
                # of one who has left already, on some systems
                with contextlib.suppress(OSError):
                    # or a long reply's end waits 40 ms
                    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                arm(conn)
                replies[conn] = b""
        except BlockingIOError:  # nobody more
            pass
        except OSError as error:
            # With no descriptor free, EMFILE comes first even when the listener has
            # been shut down.
            if error.errno in ENDED or not listener.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                return
            # no descriptor is free, and no signal will tell when one is
            limit = BACKOFF_S
        if not answer(replies):
            wakeups.settimeout(limit)
            with contextlib.suppress(TimeoutError):
                wakeups.recv(CHUNK)


def arm(sock: socket.socket) -> None:
    """From now on SIGIO comes to this process when something happens to the socket."""
    fcntl.fcntl(sock, fcntl.F_SETOWN, os.getpid())
    sock.setblocking(False)
    fcntl.fcntl(sock, fcntl.F_SETFL, fcntl.fcntl(sock, fcntl.F_GETFL) | os.O_ASYNC)


def answer(replies: dict[socket.socket, bytes]) -> bool:
    """Read or send a chunk for each client that can; returns whether any could."""
    moved, gone = False, []
    for conn, left in replies.items():
        try:
            # Nothing is read before the last reply is out: a client that does not read
            # waits for itself.
            reply = left or conn.recv(CHUNK).upper()
            if not reply:
                gone.append(conn)
                continue
            replies[conn] = reply  # kept first: `send` may take a part, or raise
            replies[conn] = reply[conn.send(reply) :]
            moved = True
        except BlockingIOError:
            continue
        except OSError:  # reset by the client
            gone.append(conn)
    # after the loop: a dict must not change its size while it is walked
    for conn in gone:
        del replies[conn]
        conn.close()
    return moved


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
