# expect: lock futex 250
# also: worker-thread
# on: A
# suite: asyncio
# target: first_0 sleeps clock_nanosleep lock_result_of_two.py:24
"""Two pools' threads are awake when the result comes: the one whose work ends then has made it."""

import concurrent.futures
import time

from common import HOLD_S, go


def tick() -> None:
    until = time.monotonic() + 2 * HOLD_S
    while time.monotonic() < until:
        time.sleep(0.001)


async def main() -> None:
    first = concurrent.futures.ThreadPoolExecutor(1, "first")
    second = concurrent.futures.ThreadPoolExecutor(1, "second")
    other = second.submit(tick)
    first.submit(time.sleep, HOLD_S).result()  # <- here
    other.cancel()


go(main)
