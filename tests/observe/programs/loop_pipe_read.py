# expect: loop-thread read 250
# on: A
import os

from common import go, later


async def main() -> None:
    reading, writing = os.pipe()
    later(os.write, writing, b"x")
    os.read(reading, 1)  # <- here


go(main)
