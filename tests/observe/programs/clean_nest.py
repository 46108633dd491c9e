# expect: clean
# on: asyncio
# suite: asyncio
# needs: nest_asyncio
"""A loop within a loop: its poller is called by frames of a library's, above a task's own."""

import asyncio

import nest_asyncio

nest_asyncio.apply()


async def inner() -> None:
    await asyncio.sleep(0.2)


async def main() -> None:
    asyncio.run(inner())  # before the loop has polled outside of any task
    await asyncio.sleep(0.2)
    asyncio.run(inner())


asyncio.run(main())
