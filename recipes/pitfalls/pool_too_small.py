"""A pool that is too small: three silent clients, and the fourth is not answered.

A blocking server on a pool of 3 needs a thread for as long as a client is connected,
busy or not. Three clients that say nothing hold it for ever. The kernel has accepted
the fourth one's connection, so it sees no error: it is queued, where nobody looks. The
same happens to reads: a pool sized by cores, while what it runs waits for disks.

**The way out**: size a pool by how many may *wait* at once, or let one thread wait for
all of them (`selectors`, asyncio, trio).
"""

import contextlib
import socket
from concurrent.futures import Future, ThreadPoolExecutor

SEEN_IN_TRAP = "the 4th client is queued; 3 threads wait in recv"
SEEN_IN_WAY_OUT = "the 4th client got b'HELLO'"


def serve(conn: socket.socket) -> None:
    """Answer one client until it leaves; runs in a worker thread."""
    with conn:
        while data := conn.recv(1024):
            conn.sendall(data.upper())


def fourth_client(threads: int) -> str:
    """Connect three clients that say nothing, and a fourth that speaks."""
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        clients, served = [], []
        for _ in range(4):
            conn, client = socket.socketpair()
            # closed first, which lets the servers go
            clients.append(stack.enter_context(client))
            served.append(pool.submit(serve, conn))
        clients[3].sendall(b"hello")
        if waits_in_line(served[3]):
            return f"the 4th client is queued; {threads} threads wait in recv"
        return f"the 4th client got {clients[3].recv(1024)!r}"


def waits_in_line(future: Future[None]) -> bool:
    """Whether no thread has taken it up; in a full pool nothing can start it."""
    return not future.running() and not future.done()


def trap() -> str:
    """Three threads for four clients."""
    return fourth_client(threads=3)


def way_out() -> str:
    """A thread for each that may wait."""
    return fourth_client(threads=4)


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
