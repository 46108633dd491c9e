"""A list or a dict that changes while it is walked: clients are skipped, or it raises.

A nonblocking server walks its clients, finds some closed, and takes them out of the
list it is walking. The list moves up by one, the walk's index does too, and the
neighbour is never looked at: its socket stays open for ever. A dict raises an error
instead, `RuntimeError`, and that ends the server.

**The way out**: collect first, remove after the walk (or walk a copy: `for conn in
list(clients)`). The hand-written loops of this cookbook do so.
"""

import contextlib
import socket

SEEN_IN_TRAP = ("2 of 4 closed", "RuntimeError")
SEEN_IN_WAY_OUT = ("4 of 4 closed", "no error")


def clients_that_left(stack: contextlib.ExitStack) -> list[socket.socket]:
    """Four server-side sockets whose clients have closed their end."""
    pairs = [socket.socketpair() for _ in range(4)]
    for _, client in pairs:
        client.close()
    return [stack.enter_context(conn) for conn, _ in pairs]


def trap() -> tuple[str, str]:
    """Remove while walking."""
    with contextlib.ExitStack() as stack:
        clients = clients_that_left(stack)
        pending = dict.fromkeys(clients, b"")
        for conn in clients:
            if conn.recv(1024) == b"":
                # the next client moves into this one's place, and the walk goes on
                # after it
                clients.remove(conn)
        try:
            for conn in pending:
                del pending[conn]
        except RuntimeError as error:
            return f"{4 - len(clients)} of 4 closed", type(error).__name__
    return f"{4 - len(clients)} of 4 closed", "no error"


def way_out() -> tuple[str, str]:
    """Collect, then remove."""
    with contextlib.ExitStack() as stack:
        clients = clients_that_left(stack)
        pending = dict.fromkeys(clients, b"")
        closed = [conn for conn in clients if conn.recv(1024) == b""]
        for conn in closed:
            clients.remove(conn)
            del pending[conn]
            conn.close()
    return f"{len(closed)} of 4 closed", "no error"


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
