"""A partial send: `send` takes what fits, and the rest is lost unless you keep it.

On a nonblocking socket `send` copies as much as the send buffer has room for and
returns that number. Small messages fit, so the code that drops the number passes every
test on a quiet loopback and cuts replies short in production. `sendall` is no way out
there: it raises `BlockingIOError` in its middle and does not tell how much has gone.

**The way out**: keep what is left for each client, ask for writability while there is
any, and send on from there.
"""

import select
import socket
from concurrent.futures import ThreadPoolExecutor

REPLY = bytes(4 << 20)
SEEN_IN_TRAP = "the client got a part"
SEEN_IN_WAY_OUT = "the client got everything"


def received(client: socket.socket) -> str:
    """Read to the end, and say how much came."""
    got = 0
    with client:
        while data := client.recv(1 << 16):
            got += len(data)
    return "the client got everything" if got == len(REPLY) else "the client got a part"


def trap() -> str:
    """Send once."""
    conn, client = socket.socketpair()
    with conn:
        conn.setblocking(False)
        conn.send(REPLY)  # its result says how much has gone, and nobody looks
    return received(client)


def way_out() -> str:
    """Send until nothing is left."""
    conn, client = socket.socketpair()
    with ThreadPoolExecutor(1) as pool, conn:
        reader = pool.submit(received, client)
        conn.setblocking(False)
        rest = memoryview(REPLY)
        while rest:
            select.select([], [conn], [])
            rest = rest[conn.send(rest) :]
        conn.shutdown(socket.SHUT_WR)
        return reader.result()


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
