# expect: loop-thread clock_nanosleep 250
# on: A
import time

from common import HOLD_S, go


class Slow:
    def __del__(self) -> None:
        time.sleep(HOLD_S)  # <- here


async def main() -> None:
    slow = Slow()
    del slow


go(main)
