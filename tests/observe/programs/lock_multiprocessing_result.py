# expect: lock futex 250
# target: the result of worker clock_nanosleep lock_multiprocessing_result.py:15
# also: worker-thread
# on: A
# suite: trio
"""The pool ends just after that: all of its threads wake, and none of them had the work."""

import time
from multiprocessing import get_context

from common import HOLD_S, go


def work(seconds: float) -> None:
    time.sleep(seconds)


async def main() -> None:
    with get_context("fork").Pool(2) as pool:
        pool.apply(int)
        pool.apply(work, (HOLD_S,))  # <- here


go(main)
