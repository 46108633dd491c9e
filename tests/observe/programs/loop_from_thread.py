# expect: loop-thread clock_nanosleep 250
# also: worker-thread
# on: A
import time

import anyio
from common import HOLD_S, go


def block() -> None:
    time.sleep(HOLD_S)  # <- here


async def main() -> None:
    await anyio.to_thread.run_sync(anyio.from_thread.run_sync, block)


go(main)
