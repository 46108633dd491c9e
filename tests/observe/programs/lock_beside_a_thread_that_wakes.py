# expect: lock futex 250
# also: worker-thread
# on: A
# suite: asyncio
# target: held refresher sleeps clock_nanosleep lock_beside_a_thread_that_wakes.py:19
"""Another thread wakes every millisecond, so just then, too: that is no sign that it let go of the lock."""

import threading
import time

import anyio
from common import HOLD_S, go

LOCK = threading.Lock()


def refresh() -> None:
    with LOCK:
        time.sleep(HOLD_S + 0.05)


def tick() -> None:
    until = time.monotonic() + 2 * HOLD_S
    while time.monotonic() < until:
        time.sleep(0.001)


async def main() -> None:
    threads = threading.Thread(target=refresh, name="refresher"), threading.Thread(target=tick)
    for thread in threads:
        thread.start()
    await anyio.sleep(0.05)
    with LOCK:  # <- here
        pass
    await anyio.to_thread.run_sync(threads[1].join)


go(main)
