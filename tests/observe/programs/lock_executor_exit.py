# expect: lock futex 250
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
