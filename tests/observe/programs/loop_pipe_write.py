# expect: loop-thread write 250
# on: A
import os

from common import go, later


async def main() -> None:
    reading, writing = os.pipe()
    os.write(writing, bytes(65536))
    later(os.read, reading, 65536)
    os.write(writing, b"x")  # <- here


go(main)
