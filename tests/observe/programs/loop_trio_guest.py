# expect: loop-thread clock_nanosleep 250
# on: -
import asyncio
import time

import trio
from common import HOLD_S


async def in_trio() -> None:
    await trio.sleep(0.05)
    time.sleep(HOLD_S)  # <- here
    await trio.sleep(0.05)


async def main() -> None:
    done = asyncio.Event()
    trio.lowlevel.start_guest_run(
        in_trio,
        run_sync_soon_threadsafe=asyncio.get_running_loop().call_soon_threadsafe,
        done_callback=lambda _: done.set(),
    )
    await done.wait()


asyncio.run(main())
