# expect: busy-cpu/compute - took
# on: asyncio
import asyncio
import json
import time

from common import go

BIG = [{"id": number, "name": f"item {number}", "tags": ["a", "b", str(number)]} for number in range(120_000)]


async def main() -> None:
    took = 0.0
    for _ in range(3):
        await asyncio.sleep(0.2)
        started = time.perf_counter()
        json.dumps(BIG, indent=1)  # <- here
        took += time.perf_counter() - started
    print("took", took * 1e3)


go(main)
