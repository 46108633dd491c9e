# expect: clean
# also: worker-thread lock
# on: asyncio asyncio+uvloop
# suite: asyncio
"""More work than processes: the thread that hands it on to them is not what it waits behind."""

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from common import go


async def main() -> None:
    pool = ProcessPoolExecutor(1, get_context("fork"))
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(pool, time.sleep, 0.06) for _ in range(6)))
    pool.shutdown(wait=False)


go(main)
