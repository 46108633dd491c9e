# expect: lock futex 250
# on: A
import queue

from common import go, later


async def main() -> None:
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    later(items.put, 1)
    items.get()  # <- here


go(main)
