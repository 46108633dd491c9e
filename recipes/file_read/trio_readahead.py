"""No thread, on trio: the kernel is told what to read ahead, and asked again.

`posix_fadvise(WILLNEED)` starts reading a window ahead and returns; `preadv2` with
`RWF_NOWAIT` takes what is there, and the loop goes on with its other work before it
asks again. The disk always has the window's requests to work on, and no hop to a thread
costs anything, so random reads of a cold file run at the disk's speed. (Sources:
posix_fadvise(2), preadv2(2), readahead(2).)

**Where it still blocks:** in `open` (a name that is not cached), and in `posix_fadvise`
when the disk's queue is full or the file's own map of blocks must be read first: short,
but on the loop. What has not come after 1000 questions, on a failing disk for one, is
read with a wait. File systems that refuse `RWF_NOWAIT` (procfs, sysfs, tmpfs: memory;
and some network ones, which do wait) are read on the loop. FIFOs are refused. Where
many files are read at once, those past its limit are queued.

**Use it when** much is read from local disks on Linux, in any order that is known a
little ahead, and threads cost too much. On cancellation nothing goes on but the
kernel's read-ahead.

**The idea** is in `_fill`.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections import deque
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

    Path = str | os.PathLike[str]
    Piece = tuple[int, bytearray | memoryview, int, int]

assert sys.platform == "linux", "RWF_NOWAIT is Linux's"
STATES = ("warm", "cold")
REQUIRES = {
    "has": ("os.posix_fadvise", "os.preadv", "os.RWF_NOWAIT"),
    "platform": "linux",
    "states_reason": "a FIFO has no offsets: use trio_fd_stream",
}
PIECE = 256 * 1024  # bytes: some 50 µs to copy
TURN_S = 0.001  # how long the loop is ours before the others have their turn


async def read_file(path: Path) -> bytes:
    """Return all bytes of a file; raise `OSError`, or `ValueError` for a pipe."""
    fd, size = _open(path)
    try:
        if not size:  # empty, or of a file system that does not tell
            return b"".join(iter(lambda: os.read(fd, PIECE), b""))
        # a `bytes` to read into: `getvalue` gives it without a copy
        memory = io.BytesIO(bytes(size))
        with memory.getbuffer() as view:
            got = await _fill(fd, _pieces(view, size), 8)
        memory.truncate(got)  # it may have been truncated meanwhile
        return memory.getvalue()
    finally:
        os.close(fd)


async def read_into(path: Path, buffer: bytearray | memoryview) -> int:
    """Fill a buffer (to be used again) from the file's start; return the bytes read."""
    fd, size = _open(path)
    try:
        with memoryview(buffer) as view:
            return await _fill(fd, _pieces(view, min(size, len(view))), 8)
    finally:
        os.close(fd)


async def read_at(
    path: Path, offsets: Iterable[int], size: int = 4096, in_flight: int = 256
) -> list[bytearray]:
    """Return `size` bytes (fewer at the end) from each offset, some asked for ahead."""
    fd, end = _open(path)
    parts: list[bytearray] = []

    # each part's memory is had when its turn comes, not all at once
    def wanted() -> Iterable[Piece]:
        for offset in offsets:
            parts.append(bytearray(max(0, min(size, end - offset))))
            yield offset, parts[-1], 0, len(parts[-1])

    try:
        await _fill(fd, wanted(), in_flight)
        return parts
    finally:
        os.close(fd)


def _pieces(view: memoryview, size: int) -> Iterable[Piece]:
    return (
        (start, view, start, min(start + PIECE, size))
        for start in range(0, size, PIECE)
    )


async def read_files(paths: Iterable[Path], at_once: int = 64) -> list[bytes]:
    """Return the bytes of each file, in order; raise an `ExceptionGroup` of errors."""
    slots = trio.Semaphore(at_once)
    contents: dict[int, bytes] = {}

    async def read(index: int, path: Path) -> None:
        async with slots:
            contents[index] = await read_file(path)

    async with trio.open_nursery() as nursery:
        for index, path in enumerate(paths):
            nursery.start_soon(read, index, path)
    return [contents[index] for index in range(len(contents))]


def _open(path: Path) -> tuple[int, int]:
    """Return a descriptor and the file's size in bytes; 0 for what has none."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    status = os.fstat(fd)
    if stat.S_ISFIFO(status.st_mode):
        os.close(fd)
        message = (
            f"expected a file, got a pipe, {os.fspath(path)}: a pipe has no offsets"
        )
        raise ValueError(message)
    return fd, status.st_size if stat.S_ISREG(status.st_mode) else 0


async def _fill(fd: int, wanted: Iterable[Piece], in_flight: int) -> int:
    """Read each piece into its `memory[start:stop]`; return how many bytes."""
    upcoming, waiting = iter(wanted), deque["Piece"]()
    total = misses = 0
    while True:
        until = perf_counter() + TURN_S
        for piece in islice(upcoming, in_flight - len(waiting)):
            os.posix_fadvise(fd, piece[0], piece[3] - piece[2], os.POSIX_FADV_WILLNEED)
            waiting.append(piece)
            if perf_counter() > until:
                break
        if not waiting:
            return total
        misses += 1
        not_yet = 0
        while waiting and not_yet < 4 and perf_counter() < until:
            offset, memory, start, stop = piece = waiting.popleft()
            try:
                got = os.preadv(
                    fd,
                    [memoryview(memory)[start:stop]],
                    offset,
                    os.RWF_NOWAIT if misses < 1000 else 0,
                )
            except BlockingIOError:
                not_yet += 1
                waiting.append(piece)
                continue
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise
                misses = 1000
                waiting.append(piece)
                continue
            total, misses = total + got, 0
            if 0 < got < stop - start:
                waiting.append((offset + got, memory, start + got, stop))
        # the shortest nap is longer than a disk takes
        await trio.sleep(0.001 if misses > 8 else 0)


if __name__ == "__main__":
    from recipes.file_read import main

    main(lambda paths: trio.run(read_files, paths))
