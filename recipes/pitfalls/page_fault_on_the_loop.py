"""Page faults under the GIL: an mmap sliced on the loop waits without a system call.

A memory-mapped file looks like memory. Touching a page that is not there stops the
thread inside of one bytecode, in the kernel, until the page has been read. No call
returns `EAGAIN`, no debug mode sees anything, and since the interpreter does not know
that it waits, it keeps the GIL: *all* threads of the process stand still, not the
loop's alone.

**The way out**: read with a system call in a worker thread. `pread` waits there, and
releases the GIL first. (Slicing the mmap in a worker moves the fault, but the GIL stays
held.)
"""

import asyncio
import mmap
import os
import resource
import sys
import tempfile
from typing import BinaryIO

assert sys.platform == "linux", "RUSAGE_THREAD is Linux's"
REQUIRES = {"platform": "linux", "has": ("os.pread", "resource.RUSAGE_THREAD")}
SIZE = 16 << 20
SEEN_IN_TRAP = "the loop's thread took page faults: True"
SEEN_IN_WAY_OUT = "the loop's thread took page faults: False"


def faults() -> int:
    """Page faults of the calling thread so far, those from the page cache included."""
    usage = resource.getrusage(resource.RUSAGE_THREAD)
    return usage.ru_minflt + usage.ru_majflt


async def checksum_of_map(file: BinaryIO) -> int:
    """Add up a byte of each page, by touching the pages."""
    with mmap.mmap(file.fileno(), SIZE, prot=mmap.PROT_READ) as mapped:
        # one byte a page, and a fault for every page or block of pages
        return sum(mapped[:: mmap.PAGESIZE])


async def checksum_of_reads(file: BinaryIO) -> int:
    """Add up the same bytes, by reading them."""

    def read() -> int:  # runs in a worker thread, and waits without the GIL
        return sum(
            sum(os.pread(file.fileno(), 1 << 20, offset)[:: mmap.PAGESIZE])
            for offset in range(0, SIZE, 1 << 20)
        )

    return await asyncio.to_thread(read)


async def trap() -> str:
    """Touch an mmap on the loop."""
    with tempfile.TemporaryFile() as file:
        file.truncate(SIZE)
        before = faults()
        await checksum_of_map(file)
        return f"the loop's thread took page faults: {faults() - before > 64}"


async def way_out() -> str:
    """Read in a worker."""
    with tempfile.TemporaryFile() as file:
        file.truncate(SIZE)
        before = faults()
        await checksum_of_reads(file)
        return f"the loop's thread took page faults: {faults() - before > 64}"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
