# expect: busy-cpu/gc - any
# site: none
# on: asyncio trio
# suite: asyncio
"""A cache that grows: the collector's pauses grow with it, at whatever line happens to allocate."""

import gc

import anyio
from common import go

CACHE: list[object] = []


async def main() -> None:
    gc.set_threshold(700, 5, 5)
    for _ in range(400):
        CACHE.append([{"number": number, "in": [number]} for number in range(1000)])
        await anyio.sleep(0.001)


go(main)
