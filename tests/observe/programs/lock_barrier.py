# expect: lock futex 250
# on: A
import threading

from common import go, later


async def main() -> None:
    barrier = threading.Barrier(2)
    later(barrier.wait)
    barrier.wait()  # <- here


go(main)
