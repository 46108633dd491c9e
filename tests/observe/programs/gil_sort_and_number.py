# expect: gil - took
# on: A
import random
import sys
import threading
import time

import anyio
from common import go

sys.set_int_max_str_digits(0)
NUMBER = 3**150_000
ITEMS = [random.random() for _ in range(300_000)]


def hold() -> None:
    began = time.monotonic()
    str(NUMBER)  # <- here
    sorted(ITEMS)  # <- here
    print("took", (time.monotonic() - began) * 1000)


async def main() -> None:
    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    while thread.is_alive():
        await anyio.sleep(0.005)


go(main)
