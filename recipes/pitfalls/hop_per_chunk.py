"""`await file.write(chunk)` hops to a thread and back for every single chunk.

aiofiles, trio and anyio hand each call to a worker thread. A write of 64 KiB into the
page cache takes about twenty microseconds, the hop several times as long, and one
follows the other. The loop waits for none of them, and the copy takes several times as
long as a plain loop. Reading a chunk at a time is the same.

**The way out**: one hop for many chunks. Collect some MiB, and hand them over together:
`writelines` takes a list, and `os.writev` does so without a copy.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiofiles

CHUNKS = 256
BATCH = 64
SEEN_IN_TRAP = "256 chunks, 256 hops"
SEEN_IN_WAY_OUT = "256 chunks, 4 hops"


class CountingPool(ThreadPoolExecutor):
    """Counts what is handed over to its one thread."""

    hops = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Count, and hand over."""
        self.hops += 1
        return super().submit(fn, *args, **kwargs)


async def arriving() -> AsyncIterator[bytes]:
    """What comes from somewhere: chunks of 64 KiB."""
    for _ in range(CHUNKS):
        yield bytes(64 * 1024)


async def trap() -> str:
    """Write each chunk when it comes."""
    with tempfile.TemporaryDirectory() as directory, CountingPool(1) as pool:
        async with aiofiles.open(Path(directory, "copy"), "wb", executor=pool) as file:
            pool.hops = count = 0  # that was `open`
            async for chunk in arriving():
                await file.write(chunk)
                count += 1
            return f"{count} chunks, {pool.hops} hops"


async def way_out() -> str:
    """Write many together."""
    with tempfile.TemporaryDirectory() as directory, CountingPool(1) as pool:
        async with aiofiles.open(Path(directory, "copy"), "wb", executor=pool) as file:
            pool.hops = count = 0
            batch: list[bytes] = []
            async for chunk in arriving():
                batch.append(chunk)
                count += 1
                if len(batch) == BATCH:
                    await file.writelines(batch)
                    batch = []
            if batch:
                await file.writelines(batch)
            return f"{count} chunks, {pool.hops} hops"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
