# expect: busy-cpu/compute - took
# on: A
import random
import time
import zlib

from common import go

DATA = random.randbytes(1 << 20) * 8


async def main() -> None:
    began = time.monotonic()
    zlib.compress(DATA)  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
