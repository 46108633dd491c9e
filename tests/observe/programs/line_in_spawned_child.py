# expect: pool-queue - 300
# also: worker-thread
# on: asyncio asyncio+uvloop
# suite: asyncio
import asyncio
import concurrent.futures
import multiprocessing
import time

from common import go


async def main() -> None:
    loop = asyncio.get_running_loop()
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        await asyncio.gather(*(loop.run_in_executor(executor, time.sleep, 0.1) for _ in range(3)))  # <- here


if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=go, args=(main,))
    child.start()
    child.join()
