# expect: lock futex 250
# also: worker-thread
# on: A
import concurrent.futures
import time

from common import HOLD_S, go


async def main() -> None:
    executor = concurrent.futures.ThreadPoolExecutor()
    executor.submit(time.sleep, HOLD_S).result()  # <- here


go(main)
