"""`async for line in file` hops to a thread and back for every single line.

aiofiles, trio and anyio hand each `readline` to a worker thread. A line of a hundred
bytes takes the file less than a microsecond; the hop takes tens to hundreds. No read
holds the loop, and the program is a hundred times slower than the plain loop that it
replaced.

**The way out**: one hop for many lines: `readlines(hint)` gives as many whole lines as
fill about `hint` bytes. (Or one hop for the file, when it fits into memory.)
"""

import asyncio
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiofiles

LINES = 1000
SEEN_IN_TRAP = "1000 lines, 1.0 hops a line"
SEEN_IN_WAY_OUT = "1000 lines, 0.0 hops a line"


class CountingPool(ThreadPoolExecutor):
    """Counts what is handed over to its one thread."""

    hops = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Count, and hand over."""
        self.hops += 1
        return super().submit(fn, *args, **kwargs)


async def trap() -> str:
    """`async for` over the lines."""
    with tempfile.TemporaryDirectory() as directory, CountingPool(1) as pool:
        path = Path(directory, "lines.txt")
        path.write_text("a line of text\n" * LINES)  # noqa: ASYNC240  before it begins
        count = 0
        async with aiofiles.open(path, executor=pool) as file:
            async for _ in file:
                count += 1
        return f"{count} lines, {pool.hops / count:.1f} hops a line"


async def way_out() -> str:
    """Many lines a hop."""
    with tempfile.TemporaryDirectory() as directory, CountingPool(1) as pool:
        path = Path(directory, "lines.txt")
        path.write_text("a line of text\n" * LINES)  # noqa: ASYNC240  before it begins
        count = 0
        async with aiofiles.open(path, executor=pool) as file:
            while lines := await file.readlines(1 << 16):
                count += len(lines)
        return f"{count} lines, {pool.hops / count:.1f} hops a line"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
