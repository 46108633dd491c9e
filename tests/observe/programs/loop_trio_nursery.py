# expect: loop-thread clock_nanosleep 250
# on: trio
import time

import trio
from common import HOLD_S


async def child() -> None:
    await trio.sleep(0.02)
    time.sleep(HOLD_S / 2)  # <- here
    await trio.lowlevel.checkpoint()
    time.sleep(HOLD_S / 2)  # <- here


async def main() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(child)
        await trio.sleep(0.1)


trio.run(main)
