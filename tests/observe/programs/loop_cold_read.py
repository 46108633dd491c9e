# expect: loop-thread read|preadv|pread64 took
# on: A
import os
import time

from common import big_file, go

PATH = big_file()


async def main() -> None:
    descriptor = os.open(PATH, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
    os.unlink(PATH)
    began = time.monotonic()
    while os.read(descriptor, 1 << 16):  # <- here
        pass
    print("took", (time.monotonic() - began) * 1000)


go(main)
