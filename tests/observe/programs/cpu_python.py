# expect: busy-cpu/compute - 250
# on: A
# suite: asyncio asyncio+uvloop trio
import time

from common import HOLD_S, go


async def main() -> None:
    until = time.thread_time() + HOLD_S
    while time.thread_time() < until:  # <- here
        for _ in range(2000):  # <- here
            pass  # <- here


go(main)
