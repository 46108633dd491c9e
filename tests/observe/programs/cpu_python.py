# expect: busy-cpu/compute - took
# on: A
# suite: asyncio asyncio+uvloop trio
import time

from common import HOLD_S, go


async def main() -> None:
    began, until = time.monotonic(), time.thread_time() + HOLD_S
    while time.thread_time() < until:  # <- here
        for _ in range(2000):  # <- here
            pass  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
