# expect: loop-thread clock_nanosleep 250
# on: A
import time

import anyio
from common import HOLD_S, go


async def main() -> None:
    for _ in range(30):
        time.sleep(HOLD_S / 90)  # <- here
        await anyio.sleep(0.001)
        time.sleep(HOLD_S / 90)  # <- here
        await anyio.sleep(0.001)
        time.sleep(HOLD_S / 90)  # <- here
        await anyio.sleep(0)


go(main)
