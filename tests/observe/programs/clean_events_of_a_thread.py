# expect: clean
# on: asyncio asyncio+uvloop
# suite: asyncio
"""A thread that delivers what comes from elsewhere, several at once: nothing stood in a queue for it."""

import asyncio
import queue
import threading
import time
from typing import Any

from common import go


class Port(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="port", daemon=True)
        self.commands: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.waiting: list[Any] = []

    def run(self) -> None:
        while self.commands.empty():
            time.sleep(0.05)
            waiting, self.waiting = self.waiting, []
            for loop, future in waiting:
                loop.call_soon_threadsafe(future.set_result, None)

    async def event(self) -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self.waiting.append((loop, future))
        await future


async def main() -> None:
    port = Port()
    port.start()
    for _ in range(5):
        await asyncio.gather(*(port.event() for _ in range(3)))
    port.commands.put("end")
    while port.is_alive():
        await asyncio.sleep(0.01)


go(main)
