# expect: busy-cpu/compute - 250
# on: A
import time

import anyio
from common import HOLD_S, go


def work() -> None:
    until = time.thread_time() + HOLD_S / 5
    while time.thread_time() < until:  # <- here
        for _ in range(2000):  # <- here
            pass  # <- here


async def main() -> None:
    for _ in range(5):
        work()
        await anyio.sleep(0.02)


go(main)
