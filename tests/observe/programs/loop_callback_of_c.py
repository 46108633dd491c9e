# expect: loop-thread clock_nanosleep|select 250
# site: none
# on: asyncio
# suite: asyncio
"""A callback that is C has no frame at all: no line of anybody's is told."""

import asyncio
import time

from common import HOLD_S, go


async def main() -> None:
    asyncio.get_running_loop().call_later(0.05, time.sleep, HOLD_S)
    await asyncio.sleep(0.1 + HOLD_S)


go(main)
