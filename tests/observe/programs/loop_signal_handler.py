# expect: loop-thread clock_nanosleep 250
# on: asyncio asyncio+uvloop
import asyncio
import os
import signal
import time

from common import HOLD_S, go


def block() -> None:
    time.sleep(HOLD_S)  # <- here


async def main() -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, block)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.1)


go(main)
