# expect: lock futex 250
# target: ThreadPoolExecutor-0_0 clock_nanosleep lock_future_result.py:13
# also: worker-thread
# on: A
import concurrent.futures
import time

from common import HOLD_S, go


async def main() -> None:
    executor = concurrent.futures.ThreadPoolExecutor()
    executor.submit(time.sleep, HOLD_S).result()  # <- here


go(main)
