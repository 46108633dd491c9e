# expect: busy-cpu/compute - took
# on: A
import hashlib
import time

from common import go


async def main() -> None:
    data = bytes(64 << 20)
    began = time.monotonic()
    hashlib.sha256(data)  # <- here
    hashlib.sha256(data)  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
