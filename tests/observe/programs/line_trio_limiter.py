# expect: pool-queue - 200
# also: worker-thread
# on: trio
import time

import trio
from common import go


async def one(limiter: trio.CapacityLimiter) -> None:
    await trio.to_thread.run_sync(time.sleep, 0.1, limiter=limiter)  # <- here


async def main() -> None:
    limiter = trio.CapacityLimiter(2)
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(one, limiter)


go(main)
