# expect: gil - any
# on: A
"""Another thread computes in Python, and is asked seldom to let go of the GIL."""

import sys
import threading

import anyio
from common import HOLD_S, go


def crunch() -> None:
    for _ in range(4000):
        sum(range(3000))  # <- here


async def main() -> None:
    sys.setswitchinterval(HOLD_S / 4)
    thread = threading.Thread(target=crunch)
    thread.start()
    while thread.is_alive():
        await anyio.sleep(0.01)


go(main)
