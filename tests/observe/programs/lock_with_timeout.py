# expect: lock futex 250
# target: no other thread
# on: A
import threading

from common import HOLD_S, go


async def main() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=HOLD_S)  # <- here


go(main)
