# expect: worker-thread clock_nanosleep 240
# also: worker-thread
# on: A
import queue
import threading
import time

import anyio
from common import go

items: queue.Queue[int | None] = queue.Queue()


def worker() -> None:
    while (item := items.get()) is not None:
        time.sleep(0.03)  # <- here


async def main() -> None:
    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for item in range(8):
        await anyio.sleep(0.04)
        items.put(item)
    for _ in threads:
        items.put(None)
    for thread in threads:
        await anyio.to_thread.run_sync(thread.join)


go(main)
