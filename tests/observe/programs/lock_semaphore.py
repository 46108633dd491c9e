# expect: lock futex 250
# on: A
import threading

from common import go, later


async def main() -> None:
    semaphore = threading.Semaphore(0)
    later(semaphore.release)
    with semaphore:  # <- here
        pass


go(main)
