# expect: lock futex 250
# on: A
# suite: asyncio asyncio+uvloop trio
import threading

from common import go, later


async def main() -> None:
    lock = threading.Lock()
    lock.acquire()
    later(lock.release)
    lock.acquire()  # <- here


go(main)
