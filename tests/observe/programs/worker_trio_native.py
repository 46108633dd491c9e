# expect: worker-thread clock_nanosleep 250
# on: trio
import time

import trio
from common import HOLD_S


async def main() -> None:
    await trio.sleep(0.05)
    await trio.to_thread.run_sync(time.sleep, HOLD_S)  # <- here


trio.run(main)
