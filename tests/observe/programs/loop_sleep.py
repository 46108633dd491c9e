# expect: loop-thread clock_nanosleep 250
# on: A
# suite: asyncio asyncio+uvloop trio
import time

from common import HOLD_S, go


async def main() -> None:
    time.sleep(HOLD_S)  # <- here


go(main)
