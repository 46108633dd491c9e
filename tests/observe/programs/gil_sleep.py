# expect: gil - 250
# on: A
# suite: asyncio asyncio+uvloop trio
import ctypes
import threading
import time

import anyio
from common import HOLD_S, go


def hold() -> None:
    time.sleep(0.05)
    ctypes.PyDLL(None).usleep(int(HOLD_S * 1e6))  # <- here


async def main() -> None:
    threading.Thread(target=hold, name="holder").start()
    for _ in range(20):
        await anyio.sleep(0.01)


go(main)
