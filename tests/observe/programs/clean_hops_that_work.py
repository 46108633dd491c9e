# expect: clean
# on: asyncio
# also: worker-thread
import asyncio
import time

from common import go


async def main() -> None:
    for _ in range(100):
        await asyncio.to_thread(time.sleep, 0.005)


go(main)
