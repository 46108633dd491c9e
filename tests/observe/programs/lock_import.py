# expect: lock/import futex 250
# on: A
# suite: asyncio
# target: imports warmer sleeps clock_nanosleep slow_module.py
"""A module that another thread is importing: the loop waits for that thread."""

import threading

import anyio
from common import HOLD_S, go


def warm() -> None:
    import slow_module

    assert slow_module


async def main() -> None:
    threading.Thread(target=warm, name="warmer").start()
    await anyio.sleep(HOLD_S / 10)
    import slow_module  # <- here

    assert slow_module


go(main)
