# expect: busy-cpu/gc - took
# on: asyncio+uvloop
# suite: asyncio+uvloop
"""Collections that are asked for are collections too, and the line that asks is told."""

import gc
import time

from common import go

KEPT = [{"number": number, "in": [number]} for number in range(300_000)]


async def main() -> None:
    began = time.monotonic()
    gc.collect()  # <- here
    gc.collect()  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
