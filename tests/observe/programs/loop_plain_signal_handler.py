# expect: loop-thread clock_nanosleep 250
# on: A
import signal
import time

import anyio
from common import HOLD_S, go


def block(*_: object) -> None:
    time.sleep(HOLD_S)  # <- here


async def main() -> None:
    signal.signal(signal.SIGALRM, block)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    for _ in range(20):
        await anyio.sleep(0.01)


go(main)
