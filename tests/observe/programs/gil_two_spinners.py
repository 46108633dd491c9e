# expect: gil - any
# on: A
import threading
import time

import anyio
from common import HOLD_S, go


def spinner() -> None:
    until = time.time() + 2 * HOLD_S
    while time.time() < until:  # <- here
        pass  # <- here


async def main() -> None:
    threads = [threading.Thread(target=spinner, name="spinner") for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        await anyio.sleep(0.001)


go(main)
