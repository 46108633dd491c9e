"""A closed socket left in `select`'s lists: one client that leaves ends the server.

A closed socket's descriptor is -1, and `select` raises `ValueError` for the whole call.
A bare descriptor number is worse: `EBADF` at best, and at worst the number has been
given to somebody else's new file. A `selectors` object keeps the key of a socket that
was closed without being unregistered.

**The way out**: forget first, close after: take it out of every list (or `unregister`
it), then close it.
"""

import contextlib
import select
import socket

SEEN_IN_TRAP = "ValueError, and nobody is served"
SEEN_IN_WAY_OUT = "1 client ready, and is served"


def two_clients(stack: contextlib.ExitStack) -> list[socket.socket]:
    """Two server-side sockets: one's client leaves, the other's sends."""
    (leaves, leaver), (stays, talker) = socket.socketpair(), socket.socketpair()
    for each in (leaves, leaver, stays, talker):
        stack.enter_context(each)
    leaver.close()
    talker.sendall(b"hello")
    return [leaves, stays]


def trap() -> str:
    """Close, and forget to take it out."""
    with contextlib.ExitStack() as stack:
        clients = two_clients(stack)
        clients[0].close()  # and left where it is
        try:
            ready, _, _ = select.select(clients, [], [], 0)
        except ValueError as error:
            return f"{type(error).__name__}, and nobody is served"
    return f"{len(ready)} client ready, and is served"


def way_out() -> str:
    """Take it out, then close."""
    with contextlib.ExitStack() as stack:
        clients = two_clients(stack)
        clients.pop(0).close()
        ready, _, _ = select.select(clients, [], [], 0)
        return f"{len(ready)} client ready, and is served"


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
