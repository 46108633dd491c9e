"""Files in the page cache, and out of it.

Files are evicted with `posix_fadvise(POSIX_FADV_DONTNEED)`, and `mincore(2)` says whether that worked: asking with
`preadv2(RWF_NOWAIT)` would start the kernel's read-ahead, and so undo what it asks about.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CHUNK = 1 << 20


def warm(paths: Sequence[str]) -> None:
    """Bring files into the page cache."""
    buffer = bytearray(CHUNK)
    for path in paths:
        with Path(path).open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def evict(paths: Sequence[str]) -> str | None:
    """Put files out of the page cache; why that failed, or `None`."""
    return no_eviction() or next((reason for path in paths if (reason := _evicted(path))), None)


def no_eviction() -> str | None:
    """Why no file can be evicted here; `None` where one may be."""
    can = sys.platform == "linux" and hasattr(os, "posix_fadvise")
    return None if can else "this system has no posix_fadvise, which evicts a file"


def _evicted(path: str) -> str | None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        left = _left(descriptor)
        if left and sys.platform == "linux":
            os.fdatasync(descriptor)  # what is not yet on the disk can't be evicted; a flush takes milliseconds
            left = _left(descriptor)
    except OSError as error:
        return f"{path}: {error.strerror}"
    finally:
        os.close(descriptor)
    return f"its file system keeps files in memory ({left} pages of {Path(path).name} stayed)" if left else None


def _left(descriptor: int) -> int:
    """Advise the kernel to drop a file's pages; how many stayed."""
    if sys.platform == "linux":
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return resident(descriptor)


def resident(descriptor: int) -> int:
    """How many pages of a file are in memory; `mincore(2)` says so without reading any."""
    size = os.fstat(descriptor).st_size
    if size == 0:
        return 0
    pages = -(-size // mmap.PAGESIZE)
    vector = (ctypes.c_ubyte * pages)()
    libc = ctypes.CDLL(None, use_errno=True)
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_COPY) as memory:
        view = ctypes.c_char.from_buffer(memory)
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(view)), ctypes.c_size_t(size), vector)
        number = ctypes.get_errno()
        del view  # or the map could not be closed
    if failed:
        raise OSError(number, os.strerror(number))
    return sum(page & 1 for page in vector)
