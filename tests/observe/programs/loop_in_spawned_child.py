# expect: loop-thread clock_nanosleep 250
# on: A
import multiprocessing
import time

from common import HOLD_S, go


async def main() -> None:
    time.sleep(HOLD_S)  # <- here


if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=go, args=(main,))
    child.start()
    child.join()
