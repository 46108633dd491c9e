"""A short call behind long ones: `to_thread` is queued until one of them ends.

`asyncio.to_thread` uses the loop's default pool: `min(32, CPUs + 4)` threads for the
whole program. When so many long calls are in it (a `subprocess.run`, a hung mount), a
call of a microsecond is not even begun before one of them ends. A time limit around it
ends the caller's wait, and the call is never made. What is worse, a call that could end
the long ones, by killing a child for one, waits behind them too.

**The way out**: a pool of their own for calls that may take long, so that the default
one is for short ones.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

WORKERS = 2
SEEN_IN_TRAP = "the short call: not begun"
SEEN_IN_WAY_OUT = "the short call: done"


@asynccontextmanager
async def long_calls(executor: Executor | None) -> AsyncIterator[None]:
    """As many as the default executor has workers; they end when the context does."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(WORKERS))
    over = threading.Event()
    calls = [loop.run_in_executor(executor, over.wait) for _ in range(WORKERS)]
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*calls)
        await loop.shutdown_default_executor()


async def short_call(patience_s: float) -> str:
    """Make one, and give up after `patience_s` seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            await asyncio.to_thread(bool)
            return "the short call: done"
    return "the short call: not begun"


async def trap() -> str:
    """Long and short ones share a pool."""
    async with long_calls(None):  # None: the default executor
        return await short_call(patience_s=0.1)


async def way_out() -> str:
    """Long ones have their own."""
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="long") as pool:
        async with long_calls(pool):
            return await short_call(patience_s=10)


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
