# expect: lock futex 250
# also: worker-thread
# on: A
import multiprocessing
import time

from common import HOLD_S, go


async def main() -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(time.sleep, [HOLD_S, HOLD_S])  # <- here


go(main)
