# expect: page-fault - any
# on: A
import mmap
import os
import time

from common import big_file, go

PATH = big_file(256)


async def main() -> None:
    with open(PATH, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        os.unlink(PATH)
        began = time.monotonic()
        for at in range(0, len(memory), 1 << 22):
            memory[at : at + (1 << 22)]  # <- here
        print("took", (time.monotonic() - began) * 1000)


go(main)
