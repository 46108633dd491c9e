"""A regular file is always ready: `select` says yes, and `epoll` refuses it.

Readiness means "this call would not wait". For sockets, pipes and terminals the kernel
knows. A regular file counts as ready whether or not its data is in memory, at its end
too: `select` and `poll` say so
([select(2)](https://man7.org/linux/man-pages/man2/select.2.html)), `epoll_ctl` answers
`EPERM`, and [open(2)](https://man7.org/linux/man-pages/man2/open.2.html) says that
`O_NONBLOCK` has no effect. The read that follows waits for the disk, in your thread.

**The way out**: let another thread wait (`asyncio.to_thread`), or ask for completion
instead of readiness (io_uring).
"""

import asyncio
import os
import select
import sys
import tempfile
from pathlib import Path
from threading import current_thread

assert sys.platform == "linux", "epoll is Linux's"
REQUIRES = {"platform": "linux", "has": ("os.posix_fadvise", "select.epoll")}
SIZE = 1 << 20
SEEN_IN_TRAP = (
    "select: ready at its end",
    "epoll: PermissionError",
    f"O_NONBLOCK: {SIZE} bytes, never EAGAIN",
)
SEEN_IN_WAY_OUT = f"{SIZE} bytes, read in asyncio_0"


def evicted_file(path: str) -> None:
    """A file whose pages have left the page cache, where the file system has one."""
    with Path(path).open("wb", buffering=0) as file:
        file.write(bytes(SIZE))
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def trap() -> tuple[str, str, str]:
    """Ask a regular file whether it is ready."""
    with tempfile.NamedTemporaryFile() as temporary, select.epoll() as epoll:
        evicted_file(temporary.name)
        descriptor = os.open(temporary.name, os.O_RDONLY | os.O_NONBLOCK)
        try:
            # waits for the disk; BlockingIOError never comes
            data = os.read(descriptor, SIZE)
            ready, _, _ = select.select([descriptor], [], [], 0)
            try:
                epoll.register(descriptor)
                refused = "accepted"
            except PermissionError as error:
                refused = type(error).__name__
        finally:
            os.close(descriptor)
    told = "ready at its end" if ready else "not ready"
    return (
        f"select: {told}",
        f"epoll: {refused}",
        f"O_NONBLOCK: {len(data)} bytes, never EAGAIN",
    )


async def read_in_a_thread(path: str) -> str:
    """Hand the whole read over."""

    def read() -> str:  # runs in a worker thread: it waits there instead
        return f"{len(Path(path).read_bytes())} bytes, read in {current_thread().name}"

    return await asyncio.to_thread(read)


def way_out() -> str:
    """Let a worker thread wait."""
    with tempfile.NamedTemporaryFile() as temporary:
        evicted_file(temporary.name)
        return asyncio.run(read_in_a_thread(temporary.name))


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
