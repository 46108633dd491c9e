# expect: loop-thread read 250
# on: A
import multiprocessing
import time
from typing import Any

from common import HOLD_S, go


def put(queue: Any) -> None:
    time.sleep(HOLD_S)
    queue.put(1)


async def main() -> None:
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    child = context.Process(target=put, args=(queue,))
    child.start()
    queue.get()  # <- here
    child.join()


go(main)
