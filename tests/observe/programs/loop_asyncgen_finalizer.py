# expect: loop-thread clock_nanosleep 250
# on: asyncio asyncio+uvloop
import asyncio
import time
from collections.abc import AsyncIterator

from common import HOLD_S, go


async def numbers() -> AsyncIterator[int]:
    try:
        yield 1
        yield 2
    finally:
        time.sleep(HOLD_S)  # <- here


async def main() -> None:
    async for _ in numbers():
        break
    await asyncio.sleep(0.05)


go(main)
