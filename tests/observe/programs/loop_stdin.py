# expect: loop-thread read 250
# on: A
import os
import sys

from common import go, later


async def main() -> None:
    reading, writing = os.pipe()
    sys.stdin = os.fdopen(reading)
    later(os.write, writing, b"x\n")
    input()  # <- here


go(main)
