# expect: worker-thread/hops - took
# on: asyncio
# suite: asyncio
# target: of work
import asyncio
import time

from common import go


async def main() -> None:
    started = time.perf_counter()
    for _ in range(2000):
        await asyncio.to_thread(len, "abc")  # <- here
    print("took", (time.perf_counter() - started) * 1e3)


go(main)
