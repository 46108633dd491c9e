"""`write` has returned, and even `close`: the disk may have nothing of it yet.

What is written goes from Python's buffer (`flush`, or `close`) into the kernel's page
cache. Every process sees it there. It is kept when this one ends, and lost at a power
failure: the kernel writes it back when it likes, up to half a minute later. An error of
the disk shows then, when nobody is there to be told. (Source: fsync(2).)

**The way out**: `os.fsync` before you say that it is saved, and of the directory too,
for the name of a new file. It waits for the disk, so on a loop it belongs in a
thread. `write_file(…, durable=True)` of the recipes does both.
"""

import mmap
import os
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

assert sys.platform == "linux", "mincore is asked through Linux's C library"
REQUIRES = {"platform": "linux", "has": ("mmap.PROT_READ",)}
SIZE = 256 * 1024
SEEN_IN_TRAP = "256 KiB written, 256 KiB of it in memory alone"
SEEN_IN_WAY_OUT = "256 KiB written, 0 KiB of it in memory alone"


def only_in_memory(file: BinaryIO) -> int:
    """How much of a file the page cache has, and the disk has not, in KiB."""
    descriptor = file.fileno()
    with mmap.mmap(descriptor, SIZE, prot=mmap.PROT_READ) as mapped:
        sum(mapped[:: mmap.PAGESIZE])  # smaps(5) tells of pages that were touched
        inode = str(os.fstat(descriptor).st_ino)
        with Path("/proc/self/smaps").open(encoding="utf-8") as maps:
            for line in maps:
                if line.split()[4:5] == [inode]:
                    break
            rows = dict(line.split(":") for line in (next(maps) for _ in range(12)))
        dirty = (rows["Private_Dirty"], rows["Shared_Dirty"])
        return sum(int(row.split()[0]) for row in dirty)


def trap() -> str:
    """Write, and have it out of Python's buffer."""
    # /tmp is often memory; /var/tmp outlives a restart
    with tempfile.TemporaryFile(dir="/var/tmp") as file:
        count = file.write(bytes(SIZE))
        file.flush()
        kib = only_in_memory(file)
    return f"{count // 1024} KiB written, {kib} KiB of it in memory alone"


def way_out() -> str:
    """Write, and wait for the disk."""
    with tempfile.TemporaryFile(dir="/var/tmp") as file:
        count = file.write(bytes(SIZE))
        file.flush()
        os.fsync(file.fileno())
        kib = only_in_memory(file)
    return f"{count // 1024} KiB written, {kib} KiB of it in memory alone"


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
