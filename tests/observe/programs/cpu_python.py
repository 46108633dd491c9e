# expect: busy-cpu/compute - 250
# on: A
# suite: asyncio asyncio+uvloop trio
import time

from common import HOLD_S, go


async def main() -> None:
    until = time.perf_counter() + HOLD_S
    while time.perf_counter() < until:  # <- here
        pass  # <- here


go(main)
