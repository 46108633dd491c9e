# expect: loop-thread clock_nanosleep 15
# on: asyncio
# suite: asyncio
import asyncio
import os
import time


async def main() -> None:
    time.sleep(0.015)  # <- here


asyncio.run(asyncio.sleep(0.1))
if (child := os.fork()) == 0:
    asyncio.run(main())
    os._exit(0)
os.waitpid(child, 0)
