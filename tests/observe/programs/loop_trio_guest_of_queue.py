# expect: loop-thread clock_nanosleep 250
# on: -
import queue
import time
from collections.abc import Callable
from typing import Any

import trio
from common import HOLD_S


async def in_trio() -> None:
    await trio.sleep(0.05)
    time.sleep(HOLD_S)  # <- here
    await trio.sleep(0.05)


todo: queue.Queue[Callable[[], Any] | None] = queue.Queue()
trio.lowlevel.start_guest_run(in_trio, run_sync_soon_threadsafe=todo.put, done_callback=lambda _: todo.put(None))
while (function := todo.get()) is not None:
    function()
