"""A server that never sees the end of file: it loops on a client that has left.

`recv` returns `b""` when the peer has finished sending, at once and every time. A loop
that only sends back what came, and never asks whether anything came, calls it again
without end: one core at 100 %, one descriptor lost, and no error anywhere.

**The way out**: an empty read is the end. Leave the loop, then close.
"""

import contextlib
import socket

TURNS = 1000
SEEN_IN_TRAP = f"read nothing {TURNS} times, and would go on"
SEEN_IN_WAY_OUT = "read nothing once, and left"


def client_that_leaves(stack: contextlib.ExitStack) -> socket.socket:
    """The server's end of a connection whose client has said one thing and finished."""
    conn, client = socket.socketpair()
    stack.enter_context(conn)
    stack.enter_context(client)
    client.sendall(b"hello")
    client.shutdown(socket.SHUT_WR)
    return conn


def trap() -> str:
    """Echo whatever `recv` gives."""
    empty = 0
    with contextlib.ExitStack() as stack:
        conn = client_that_leaves(stack)
        while True:
            data = conn.recv(1024)
            conn.sendall(data.upper())
            empty += data == b""
            if empty == TURNS:  # here so that the demonstration ends
                return f"read nothing {empty} times, and would go on"


def way_out() -> str:
    """Leave when it gives nothing."""
    with contextlib.ExitStack() as stack:
        conn = client_that_leaves(stack)
        while data := conn.recv(1024):
            conn.sendall(data.upper())
    return "read nothing once, and left"


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
