# expect: loop-thread read 250
# on: A
import os

from common import go, later


async def main() -> None:
    event = os.eventfd(0)
    later(os.eventfd_write, event, 1)
    os.eventfd_read(event)  # <- here


go(main)
