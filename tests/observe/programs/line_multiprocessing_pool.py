# expect: pool-queue - took
# also: worker-thread
# on: asyncio asyncio+uvloop
# suite: asyncio
# target: behind its processes clock_nanosleep
"""A multiprocessing.Pool's results come by a callback: one piece stands behind another, and nobody waits in a thread."""

import asyncio
import time
from multiprocessing import get_context
from multiprocessing.pool import Pool

from common import HOLD_S, go


def work(seconds: float) -> None:
    time.sleep(seconds)


async def ask(pool: Pool, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    pool.apply_async(work, (seconds,), callback=lambda _: loop.call_soon_threadsafe(done.set))  # <- here
    await done.wait()


async def main() -> None:
    with get_context("fork").Pool(1) as pool:
        await ask(pool, 0)
        slow = asyncio.create_task(ask(pool, HOLD_S))
        await asyncio.sleep(HOLD_S / 5)
        began = time.monotonic()
        await ask(pool, 0)
        print("took", (time.monotonic() - began) * 1000)
        await slow


go(main)
