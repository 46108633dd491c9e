# expect: pool-queue - any
# also: worker-thread
# on: asyncio asyncio+uvloop
import asyncio
import os
import time

from common import go


async def main() -> None:
    count = 2 * min(32, (os.cpu_count() or 1) + 4)
    await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.1) for _ in range(count)))  # <- here


go(main)
