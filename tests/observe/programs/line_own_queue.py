# expect: pool-queue - took
# on: asyncio asyncio+uvloop
# suite: asyncio asyncio+uvloop
# target: behind its other work clock_nanosleep
"""A library's own worker thread with a queue, as aiosqlite has: one request stands behind another."""

import asyncio
import queue
import threading
import time
from typing import Any

from common import HOLD_S, go


class Connection(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="connection")
        self.requests: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def run(self) -> None:
        while (request := self.requests.get()) is not None:
            loop, future, function, *arguments = request
            answer = function(*arguments)
            loop.call_soon_threadsafe(lambda future=future, answer=answer: future.set_result(answer))

    async def ask(self, function: Any, *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self.requests.put((loop, future, function, *arguments))
        return await future  # <- here


async def main() -> None:
    connection = Connection()
    connection.start()
    slow = asyncio.create_task(connection.ask(time.sleep, HOLD_S))
    await asyncio.sleep(HOLD_S / 5)
    began = time.monotonic()
    await connection.ask(len, "abc")
    print("took", (time.monotonic() - began) * 1000)
    await slow
    connection.requests.put(None)
    await asyncio.to_thread(connection.join)


go(main)
