# expect: loop-thread clock_nanosleep 250
# on: A
import threading
import time

import anyio
from common import HOLD_S, go


async def ticking() -> None:
    for _ in range(40):
        await anyio.sleep(0.01)


async def main() -> None:
    time.sleep(HOLD_S)  # <- here


thread = threading.Thread(target=go, args=(ticking,))
thread.start()
go(main)
thread.join()
