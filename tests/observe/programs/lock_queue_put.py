# expect: lock futex 250
# on: A
import queue

from common import go, later


async def main() -> None:
    items: queue.Queue[int] = queue.Queue(1)
    items.put(1)
    later(items.get)
    items.put(2)  # <- here


go(main)
