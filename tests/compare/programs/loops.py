"""Raises in a task, in a group, on asyncio; what it prints must be the same to the letter."""

import asyncio
import sys


async def fails() -> None:
    """Fail a little later."""
    await asyncio.sleep(0)
    message = "in a task"
    raise LookupError(message)


async def main() -> int:
    """Wait for it."""
    results = await asyncio.gather(fails(), asyncio.to_thread(sum, (1, 2)), return_exceptions=True)
    print(results, len(asyncio.all_tasks()))
    async with asyncio.TaskGroup() as group:
        group.create_task(fails())
    return 0


sys.exit(asyncio.run(main()))
