"""`loop.sendfile` waits for the socket in the poller, and for the file on the loop.

It is multiplexing on one side and blocking on the other: a socket can be waited for, a
regular file is always "ready". When its pages are not in memory, `sendfile` waits for
the disk in the loop's own thread, and everybody waits with it: milliseconds for each
piece on a good disk, and without end on a network mount that hangs. With all in memory,
tests see nothing of it. (nginx has pools of threads for that: its directive `aio
threads`.)

**The way out**: `sendfile` in a worker thread; or only for what is in memory already,
as the recipe `asyncio_readahead` does.
"""

import asyncio
import os
import resource
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

assert sys.platform == "linux", "RUSAGE_THREAD is Linux's"
REQUIRES = {"platform": "linux", "has": ("os.posix_fadvise", "resource.RUSAGE_THREAD")}
SIZE = 1 << 20
SEEN_IN_TRAP = "1 MiB sent; the loop thread read from the disk: True"
SEEN_IN_WAY_OUT = "1 MiB sent; the loop thread read from the disk: False"


@contextmanager
def cold_file() -> Iterator[BinaryIO]:
    """A file that is on the disk, and not in the page cache."""
    # /tmp is often memory; /var/tmp outlives a restart
    with tempfile.TemporaryFile(dir="/var/tmp") as file:
        file.write(bytes(SIZE))
        file.seek(0)
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        yield file


def blocks_read() -> int:
    """What the calling thread has had to read from disks so far, in blocks."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_inblock


async def drain(conn: socket.socket) -> int:
    """Take all that comes, and return how many bytes it was."""
    loop = asyncio.get_running_loop()
    count = 0
    with conn:
        conn.setblocking(False)
        while data := await loop.sock_recv(conn, 1 << 16):
            count += len(data)
    return count


async def trap() -> str:
    """Send from the loop."""
    ours, theirs = socket.socketpair()
    with cold_file() as file:
        before = blocks_read()
        client = asyncio.create_task(drain(theirs))
        _, writer = await asyncio.open_connection(sock=ours)
        loop = asyncio.get_running_loop()
        await loop.sendfile(writer.transport, file, fallback=False)
        writer.close()
        await writer.wait_closed()
        return seen(await client, before)


async def way_out() -> str:
    """Send from a thread."""
    ours, theirs = socket.socketpair()
    with cold_file() as file:
        before = blocks_read()
        client = asyncio.create_task(drain(theirs))
        with ours:
            ours.settimeout(10)
            await asyncio.to_thread(ours.sendfile, file)
        return seen(await client, before)


def seen(count: int, before: int) -> str:
    """What is to be seen of it, in the loop's thread."""
    has_read = blocks_read() > before
    return f"{count >> 20} MiB sent; the loop thread read from the disk: {has_read}"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
