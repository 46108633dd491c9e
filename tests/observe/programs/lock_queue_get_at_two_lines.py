# expect: lock futex|clock_nanosleep 250
# on: A
# suite: asyncio+uvloop
"""The frames between are made anew in the same memory, and the lock is too: only the line that calls them tells."""

import queue
from contextlib import suppress

from common import HOLD_S, go


async def main() -> None:
    nothing: queue.Queue[int] = queue.Queue()
    for _ in range(5):
        with suppress(queue.Empty):
            nothing.get(timeout=0.004)
        with suppress(queue.Empty):
            nothing.get(timeout=HOLD_S / 5)  # <- here


go(main)
