# expect: worker-thread clock_nanosleep 500
# on: -
import concurrent.futures
import time

from common import HOLD_S


def work() -> None:
    time.sleep(HOLD_S)  # <- here


with concurrent.futures.ThreadPoolExecutor(2) as executor:
    list(executor.map(lambda _: work(), range(2)))
