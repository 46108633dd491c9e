# expect: loop-thread clock_nanosleep 250
# on: A
# suite: asyncio+uvloop
import time

import anyio
from common import HOLD_S, go


async def main() -> None:
    for _ in range(80):
        time.sleep(HOLD_S / 80)  # <- here
        await anyio.sleep(0)


go(main)
