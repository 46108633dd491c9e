# expect: lock futex 250
# on: A
# suite: asyncio
# target: held refresher sleeps clock_nanosleep lock_held_by_a_sleeper.py:16
import threading
import time

import anyio
from common import HOLD_S, go

LOCK = threading.Lock()


def refresh() -> None:
    with LOCK:
        time.sleep(HOLD_S + 0.05)


async def main() -> None:
    threading.Thread(target=refresh, name="refresher").start()
    await anyio.sleep(0.05)
    with LOCK:  # <- here
        pass


go(main)
