# expect: pool-queue - took
# also: worker-thread lock
# on: asyncio
# suite: asyncio
# target: behind its processes clock_nanosleep
"""The pieces of one map keep both processes: what is asked for next stands in line until its last ones run."""

import asyncio
import time
from multiprocessing import get_context
from multiprocessing.pool import Pool

from common import HOLD_S, go


def work(seconds: float) -> None:
    time.sleep(seconds)


def ask(pool: Pool) -> None:
    began = time.monotonic()
    pool.apply(int)  # <- here
    print("took", (time.monotonic() - began) * 1000)


async def main() -> None:
    with get_context("fork").Pool(2) as pool:
        pool.map(int, range(4))
        both = pool.map_async(work, [HOLD_S, HOLD_S], chunksize=1)
        await asyncio.sleep(HOLD_S / 5)
        await asyncio.to_thread(ask, pool)
        both.wait()


go(main)
