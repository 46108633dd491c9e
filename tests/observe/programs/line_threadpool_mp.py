# expect: pool-queue - took
# also: worker-thread
# on: asyncio
# suite: asyncio
# target: behind clock_nanosleep
"""A ThreadPool of multiprocessing's: the second piece stands in line for its one thread."""

import asyncio
import time
from multiprocessing.pool import ThreadPool

from common import HOLD_S, go


def work(seconds: float) -> None:
    time.sleep(seconds)


async def ask(pool: ThreadPool, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    pool.apply_async(work, (seconds,), callback=lambda _: loop.call_soon_threadsafe(done.set))  # <- here
    await done.wait()


async def main() -> None:
    with ThreadPool(1) as pool:
        slow = asyncio.create_task(ask(pool, HOLD_S))
        await asyncio.sleep(HOLD_S / 5)
        began = time.monotonic()
        await ask(pool, 0)
        print("took", (time.monotonic() - began) * 1000)
        await slow


go(main)
