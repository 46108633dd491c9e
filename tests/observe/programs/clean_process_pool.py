# expect: clean
# also: worker-thread lock
# on: asyncio asyncio+uvloop
"""As much work as there are processes: none of it stands in line."""

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from common import go


async def main() -> None:
    pool = ProcessPoolExecutor(3, get_context("fork"))
    loop = asyncio.get_running_loop()
    for _ in range(4):
        await asyncio.gather(*(loop.run_in_executor(pool, time.sleep, 0.08) for _ in range(3)))
    pool.shutdown(wait=False)


go(main)
