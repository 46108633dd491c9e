"""Names are resolved in the default pool, queued behind file reads that hang.

`loop.getaddrinfo`, and so `open_connection("example.org", …)`, is a blocking call in a
worker of the default pool: the same pool that `asyncio.to_thread` uses (at most 32
threads, fewer on a small machine). When a hung network mount holds them all, the next
lookup is queued, and the program looks as if the *network* did not work. trio and anyio
share 40 tokens between files and lookups in the same way.

**The way out**: give what can hang a pool of its own, with a size that you chose.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager

WORKERS = 2
SEEN_IN_TRAP = "lookup: queued behind 2 reads"
SEEN_IN_WAY_OUT = "lookup: answered"


@asynccontextmanager
async def reads_that_hang(executor: Executor | None) -> AsyncIterator[None]:
    """As many reads as the default executor has workers, each of an empty pipe."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(WORKERS))
    pipes = [os.pipe() for _ in range(WORKERS)]
    reads = [
        loop.run_in_executor(executor, os.read, read_end, 1) for read_end, _ in pipes
    ]
    try:
        yield
    finally:
        for _, write_end in pipes:
            os.write(write_end, b"x")
        await asyncio.gather(*reads)
        for descriptor in (end for pair in pipes for end in pair):
            os.close(descriptor)
        await loop.shutdown_default_executor()


async def look_up(patience_s: float) -> str:
    """Resolve a name, and give up after `patience_s` seconds."""
    lookup = asyncio.ensure_future(
        asyncio.get_running_loop().getaddrinfo("localhost", 80)
    )
    done, _ = await asyncio.wait({lookup}, timeout=patience_s)
    lookup.cancel()
    return "lookup: answered" if done else f"lookup: queued behind {WORKERS} reads"


async def trap() -> str:
    """Files and names share a pool."""
    async with reads_that_hang(None):  # None: the default executor
        return await look_up(patience_s=0.1)


async def way_out() -> str:
    """Files have their own."""
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="files") as files:
        async with reads_that_hang(files):
            return await look_up(patience_s=10)


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
