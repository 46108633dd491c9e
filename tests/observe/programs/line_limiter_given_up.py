# expect: pool-queue - 250
# on: asyncio trio
# suite: asyncio
# also: worker-thread
import time

import anyio
import anyio.to_thread
from common import HOLD_S, go


async def first() -> None:
    await anyio.to_thread.run_sync(time.sleep, 2 * HOLD_S + 0.05)


async def second() -> None:
    await anyio.sleep(0.02)
    with anyio.move_on_after(HOLD_S):
        await anyio.to_thread.run_sync(len, "abc")  # <- here


async def main() -> None:
    anyio.to_thread.current_default_thread_limiter().total_tokens = 1
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        tasks.start_soon(second)


go(main)
