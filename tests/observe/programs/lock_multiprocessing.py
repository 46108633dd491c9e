# expect: lock futex 250
# on: A
import multiprocessing
import time
from typing import Any

from common import HOLD_S, go


def hold(lock: Any, taken: Any) -> None:
    with lock:
        taken.send(1)
        time.sleep(HOLD_S)


async def main() -> None:
    context = multiprocessing.get_context("fork")
    lock = context.Lock()
    ours, theirs = context.Pipe()
    child = context.Process(target=hold, args=(lock, theirs))
    child.start()
    ours.recv()
    with lock:  # <- here
        pass
    child.join()


go(main)
