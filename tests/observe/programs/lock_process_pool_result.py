# expect: lock futex 250
# target: the result of worker clock_nanosleep lock_process_pool_result.py:16
# also: worker-thread
# on: A
# suite: asyncio
"""What a future waits for is done in another process; a thread of the pool's only hands it on."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from common import HOLD_S, go


def work(seconds: float) -> None:
    time.sleep(seconds)


async def main() -> None:
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        pool.submit(int).result()
        pool.submit(work, HOLD_S).result()  # <- here


go(main)
