# expect: lock futex 250
# on: A
# suite: asyncio
# target: that consumer releases sleeps clock_nanosleep lock_queue_put_again.py:16
import queue
import threading
import time

from common import HOLD_S, go

ITEMS: queue.Queue[int | None] = queue.Queue(1)


def consume() -> None:
    while ITEMS.get() is not None:
        time.sleep(HOLD_S / 2)


async def main() -> None:
    threading.Thread(target=consume, name="consumer", daemon=True).start()
    for item in (1, 2, 3, None):
        ITEMS.put(item)  # <- here


go(main)
