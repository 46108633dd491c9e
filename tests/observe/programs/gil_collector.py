# expect: gil/gc - took
# on: asyncio
# suite: asyncio
"""A worker has the collector run, which keeps the GIL: the loop waits for that."""

import gc
import time

import anyio
from common import go

KEPT = [{"number": number, "in": [number]} for number in range(300_000)]
TICK_S = 0.002


def collect() -> None:
    began = time.monotonic()
    gc.collect()  # <- here
    gc.collect()  # <- here
    print("took", (time.monotonic() - began) * 1000)


async def ticks() -> None:
    while True:
        await anyio.sleep(TICK_S)


async def main() -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(ticks)
        await anyio.to_thread.run_sync(collect)
        group.cancel_scope.cancel()


go(main)
