# expect: loop-thread wait4 250
# on: A
import multiprocessing
import time

from common import HOLD_S, go


async def main() -> None:
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(HOLD_S,))
    child.start()
    child.join()  # <- here


go(main)
