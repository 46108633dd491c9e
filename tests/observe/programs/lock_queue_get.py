# expect: lock futex 250
# on: A
import queue

from common import go, later


async def main() -> None:
    items: queue.Queue[int] = queue.Queue()
    later(items.put, 1)
    items.get()  # <- here


go(main)
