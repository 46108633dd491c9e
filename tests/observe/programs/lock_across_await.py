# expect: lock futex 250
# on: A
# target: no other thread
"""A thread's lock is held by another task of the same loop, which can't go on."""

import threading

import anyio
from common import HOLD_S, go

LOCK = threading.Lock()


async def first() -> None:
    with LOCK:
        await anyio.sleep(HOLD_S / 2)


async def main() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        await anyio.sleep(HOLD_S / 10)
        assert not LOCK.acquire(timeout=HOLD_S)  # <- here


go(main)
