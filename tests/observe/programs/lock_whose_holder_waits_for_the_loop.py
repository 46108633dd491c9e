# expect: lock futex 250
# on: asyncio asyncio+uvloop
"""A thread keeps the lock while it waits for the loop, which waits for the lock, and gives up."""

import asyncio
import contextlib
import threading

from common import HOLD_S, go

LOCK = threading.Lock()


def post(loop: asyncio.AbstractEventLoop) -> None:
    with LOCK, contextlib.suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(HOLD_S + 0.05)


async def main() -> None:
    thread = threading.Thread(target=post, args=(asyncio.get_running_loop(),), name="poster")
    thread.start()
    LOCK.acquire(timeout=HOLD_S)  # <- here
    await asyncio.to_thread(thread.join)


go(main)
