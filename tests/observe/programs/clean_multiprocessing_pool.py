# expect: clean
# also: worker-thread
# on: asyncio
# suite: asyncio
"""As much work as there are processes, and pools one after the other at one address, the first ended with work left."""

import asyncio
import time
from multiprocessing import get_context

from common import HOLD_S, go


async def main() -> None:
    for _ in range(3):
        with get_context("fork").Pool(2) as pool:
            for _ in range(2):
                pool.apply_async(time.sleep, (HOLD_S,))
            await asyncio.sleep(HOLD_S / 5)
            pool.terminate()


go(main)
