# expect: pool-queue - took
# also: worker-thread lock
# on: asyncio asyncio+uvloop
# suite: asyncio
# target: behind its processes clock_nanosleep
"""More work than processes: one piece stands behind another, not behind the thread that hands it on to them."""

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from common import HOLD_S, go


def work(seconds: float) -> None:
    time.sleep(seconds)


async def main() -> None:
    pool = ProcessPoolExecutor(1, get_context("fork"))
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(pool, int)
    slow = loop.run_in_executor(pool, work, HOLD_S)
    await asyncio.sleep(HOLD_S / 5)
    began = time.monotonic()
    await loop.run_in_executor(pool, int)  # <- here
    print("took", (time.monotonic() - began) * 1000)
    await slow
    pool.shutdown(wait=False)


go(main)
