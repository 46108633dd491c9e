"""A receive buffer of 256 KiB costs more than the message that it receives.

`recv(262144)` makes a bytes object of that size, receives 16 bytes into it, and gives
the rest back. Blocks as large as this come from `mmap` by default (glibc's
`M_MMAP_THRESHOLD` is 128 KiB until it adjusts it), so each message pays for a system
call to get memory, a page fault to touch it, and a call to return it. asyncio's
selector transports receive in this way. `python -m compare net --malloc default` beside
`--malloc pinned` shows the cost on your machine.

**The way out**: `recv_into` a buffer that you keep (asyncio: a `BufferedProtocol`); one
buffer can serve all connections, since it is empty again before the next event. 64 KiB
is enough.
"""

import socket
import tracemalloc
from collections.abc import Callable

MESSAGE = b"sixteen bytes..."
SEEN_IN_TRAP = "256 KiB allocated for 16 bytes"
SEEN_IN_WAY_OUT = "0 KiB allocated for 16 bytes"


def peak_while(receive: Callable[[socket.socket], int]) -> str:
    """The most memory that Python took at once while it received one message."""
    conn, client = socket.socketpair()
    with conn, client:
        client.sendall(MESSAGE)
        tracemalloc.start()
        try:
            size = receive(conn)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    return f"{round(peak / 1024)} KiB allocated for {size} bytes"


def trap() -> str:
    """Receive into a new block of 256 KiB."""
    return peak_while(lambda conn: len(conn.recv(256 * 1024)))


def way_out() -> str:
    """Receive into a buffer that is kept."""
    buffer = bytearray(64 * 1024)  # made once, kept for every message
    return peak_while(lambda conn: conn.recv_into(buffer))


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
