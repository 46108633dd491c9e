# expect: loop-thread fsync|fdatasync took
# on: A
import os
import tempfile
import time

from common import HOLD_S, go


async def main() -> None:
    took = 0.0
    with tempfile.TemporaryFile(dir=".") as file:
        until = time.monotonic() + HOLD_S
        while time.monotonic() < until:
            file.write(bytes(1 << 20))
            file.flush()
            began = time.monotonic()
            os.fsync(file.fileno())  # <- here
            took += time.monotonic() - began
    print("took", took * 1000)


go(main)
