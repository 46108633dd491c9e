# expect: lock futex 250
# on: A
import threading

from common import go, later


async def main() -> None:
    event = threading.Event()
    later(event.set)
    event.wait()  # <- here


go(main)
