# expect: gil - any
# on: A
# suite: trio
import threading
import time

import anyio
from common import HOLD_S, go


def spinner() -> None:
    until = time.time() + 2 * HOLD_S
    while time.time() < until:  # <- here
        pass  # <- here


async def main() -> None:
    thread = threading.Thread(target=spinner, name="spinner")
    thread.start()
    while thread.is_alive():
        await anyio.sleep(0.001)


go(main)
