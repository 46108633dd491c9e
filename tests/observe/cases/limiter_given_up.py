"""As limiter_ends_well, but the second task gives up after 350 ms."""

import time
import anyio, anyio.to_thread


async def first():
    await anyio.to_thread.run_sync(time.sleep, 0.6)


async def second():
    await anyio.sleep(0.05)
    with anyio.move_on_after(0.35):
        await anyio.to_thread.run_sync(len, "abc")  # waits 350 ms in vain


async def main():
    anyio.to_thread.current_default_thread_limiter().total_tokens = 1
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first)
        tasks.start_soon(second)


anyio.run(main)
