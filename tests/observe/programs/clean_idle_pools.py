# expect: clean
# on: A
# suite: asyncio+uvloop
import concurrent.futures
import multiprocessing.pool

import anyio
from common import go


async def main() -> None:
    executor = concurrent.futures.ThreadPoolExecutor(3)
    list(executor.map(int, range(3)))
    pool = multiprocessing.pool.ThreadPool(3)
    pool.map(int, range(3))
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(anyio.to_thread.run_sync, int)
    await anyio.sleep(0.4)
    executor.shutdown(wait=False)
    pool.terminate()


go(main)
