# expect: page-fault - took
# on: A
import mmap
import os
import time

from common import big_file, go

PATH = big_file(48)


async def main() -> None:
    with open(PATH, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        os.unlink(PATH)
        memory.madvise(mmap.MADV_RANDOM)
        began = time.monotonic()
        memory.rfind(b"no such thing as this")  # <- here
        print("took", (time.monotonic() - began) * 1000)


go(main)
