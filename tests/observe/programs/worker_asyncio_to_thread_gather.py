# expect: worker-thread clock_nanosleep 750
# on: asyncio asyncio+uvloop
import asyncio
import time

from common import HOLD_S, go


async def main() -> None:
    await asyncio.gather(*(asyncio.to_thread(time.sleep, HOLD_S) for _ in range(3)))  # <- here


go(main)
