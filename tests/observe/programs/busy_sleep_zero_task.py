# expect: busy-cpu/busy-polling - 400
# on: asyncio
# suite: asyncio
"""Between two of its turns the loop's own frame of a turn is not there: nothing runs at the line that started the loop."""

import asyncio
import time


async def poll() -> None:
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        await asyncio.sleep(0)  # <- here


async def main() -> None:
    await asyncio.sleep(0.05)
    await asyncio.create_task(poll())
    await asyncio.sleep(0.05)


asyncio.run(main())
