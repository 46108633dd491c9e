# expect: gil - took
# on: A
import re
import threading
import time

import anyio
from common import go


def hold() -> None:
    began = time.monotonic()
    re.match(r"(a?){22}a{22}", "a" * 22)  # <- here
    print("took", (time.monotonic() - began) * 1000)


async def main() -> None:
    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    while thread.is_alive():
        await anyio.sleep(0.005)


go(main)
