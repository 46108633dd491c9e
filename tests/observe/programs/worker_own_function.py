# expect: worker-thread clock_nanosleep 250
# on: A
import time

import anyio
from common import HOLD_S, go


def work() -> None:
    time.sleep(HOLD_S)  # <- here


async def main() -> None:
    await anyio.to_thread.run_sync(work)


go(main)
