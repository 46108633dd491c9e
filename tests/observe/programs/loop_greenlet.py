# expect: loop-thread clock_nanosleep|select 250
# on: asyncio trio
# suite: asyncio trio
# needs: greenlet
"""A greenlet that runs a function of C has no frame at all: the line is where the task has switched to it."""

import statistics
import time

import greenlet
from common import HOLD_S, go


async def main() -> None:
    greenlet.greenlet(statistics.pstdev).switch([number / 3 for number in range(2_000)])
    greenlet.greenlet(time.sleep).switch(HOLD_S)  # <- here


go(main)
