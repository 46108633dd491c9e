# expect: clean
# also: worker-thread lock
# on: A
import concurrent.futures
import multiprocessing

import anyio
from common import go


async def main() -> None:
    context = multiprocessing.get_context("fork")
    executor = concurrent.futures.ProcessPoolExecutor(2, context)
    await anyio.to_thread.run_sync(lambda: list(executor.map(int, range(3))))
    pool = context.Pool(2)
    await anyio.sleep(0.6)
    pool.terminate()
    executor.shutdown(wait=False)


go(main)
