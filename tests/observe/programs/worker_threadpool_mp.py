# expect: worker-thread clock_nanosleep 250
# also: lock
# on: -
import multiprocessing.pool
import time

from common import HOLD_S


def work() -> None:
    time.sleep(HOLD_S)  # <- here


with multiprocessing.pool.ThreadPool(2) as pool:
    pool.apply(work)
