# expect: pool-queue - 300
# also: worker-thread
# on: A
# suite: asyncio+uvloop
import time

import anyio
from common import go


async def one(limiter: anyio.CapacityLimiter) -> None:
    await anyio.to_thread.run_sync(time.sleep, 0.1, limiter=limiter)  # <- here


async def main() -> None:
    limiter = anyio.CapacityLimiter(1)
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(one, limiter)


go(main)
