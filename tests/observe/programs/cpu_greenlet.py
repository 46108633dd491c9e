# expect: busy-cpu/compute - took
# on: asyncio trio
# suite: asyncio trio
# needs: greenlet
"""A greenlet has a stack of its own: the line is that of the task's coroutine, which that stack does not show."""

import statistics
import time

import greenlet
from common import go

DATA = [number / 3 for number in range(600_000)]  # long beside what the observer needs to find a new loop


async def main() -> None:
    began = time.monotonic()
    await ask()
    print("took", (time.monotonic() - began) * 1000)


async def ask() -> None:
    greenlet.greenlet(statistics.pstdev).switch(DATA)  # <- here


go(main)
