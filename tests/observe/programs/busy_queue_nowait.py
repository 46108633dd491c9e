# expect: busy-cpu/busy-polling - 400
# on: A
import queue
import time

import anyio
from common import go


async def main() -> None:
    items: queue.Queue[int] = queue.Queue()
    until = time.monotonic() + 0.4
    while time.monotonic() < until:  # <- here
        try:
            items.get_nowait()  # <- here
        except queue.Empty:  # <- here
            await anyio.sleep(0)  # <- here


go(main)
