# expect: worker-thread/exit - 250
# on: -
# suite
# site: none
# also: worker-thread
# target: thread ThreadPoolExecutor-0_0 sleeps exit_waits_for_a_pool.py:17
import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from common import HOLD_S

POOL = ThreadPoolExecutor(1)


async def main() -> None:
    POOL.submit(time.sleep, HOLD_S + 0.05)
    await asyncio.sleep(0.05)


asyncio.run(main())
