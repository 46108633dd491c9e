# expect: worker-thread read 250
# on: asyncio asyncio+uvloop
# suite: asyncio
import aiofiles
from common import fifo, go


async def main() -> None:
    async with aiofiles.open(fifo(), "rb") as file:
        await file.read()  # <- here


go(main)
