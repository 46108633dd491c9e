# expect: pool-queue - 250
# on: asyncio
# also: worker-thread
import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from common import HOLD_S, go


async def main() -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, time.sleep, 2 * HOLD_S + 0.05)
    await asyncio.sleep(0.02)
    try:
        await asyncio.wait_for(loop.getaddrinfo("localhost", 80), HOLD_S)  # <- here
    except TimeoutError:
        await busy


go(main)
