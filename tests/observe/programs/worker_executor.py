# expect: worker-thread read 500
# on: asyncio asyncio+uvloop
import asyncio
import concurrent.futures
import os

from common import go, later


async def main() -> None:
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    later(os.write, writing, b"xx")
    with concurrent.futures.ThreadPoolExecutor() as executor:
        await asyncio.gather(
            loop.run_in_executor(None, os.read, reading, 1),  # <- here
            loop.run_in_executor(executor, os.read, reading, 1),  # <- here
        )


go(main)
