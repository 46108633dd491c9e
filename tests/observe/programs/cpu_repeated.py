# expect: busy-cpu/compute - took
# on: A
import time

import anyio
from common import HOLD_S, go


def work() -> float:
    began = time.monotonic()
    until = time.thread_time() + HOLD_S / 5
    while time.thread_time() < until:  # <- here
        for _ in range(2000):  # <- here
            pass  # <- here
    return time.monotonic() - began


async def main() -> None:
    took = 0.0
    for _ in range(5):
        took += work()
        await anyio.sleep(0.02)
    print("took", took * 1000)


go(main)
