# expect: lock futex 250
# target: releases ThreadPoolExecutor-0_0 lock_executor_exit.py:14
# also: worker-thread
# on: A
# suite: trio
import concurrent.futures
import time

from common import HOLD_S, go


async def main() -> None:
    with concurrent.futures.ThreadPoolExecutor() as executor:  # <- here
        executor.submit(time.sleep, HOLD_S)


go(main)
