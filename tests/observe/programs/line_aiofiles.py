# expect: pool-queue - 250
# also: worker-thread
# on: asyncio asyncio+uvloop
import asyncio
import concurrent.futures

import aiofiles
from common import fifo, go


async def read(path: str) -> None:
    async with aiofiles.open(path, "rb") as file:  # <- here
        await file.read()  # <- here


async def main() -> None:
    asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(1))
    await asyncio.gather(read(fifo()), read("/dev/null"))


go(main)
