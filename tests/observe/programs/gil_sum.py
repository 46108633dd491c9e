# expect: gil - took
# on: A
import threading
import time

import anyio
from common import go


def hold() -> None:
    began = time.monotonic()
    sum(range(20_000_000))  # <- here
    print("took", (time.monotonic() - began) * 1000)


async def main() -> None:
    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    while thread.is_alive():
        await anyio.sleep(0.005)


go(main)
