# expect: loop-thread read 250
# on: A
import os

from common import go, later


async def main() -> None:
    master, slave = os.openpty()
    later(os.write, master, b"x\n")
    os.read(slave, 10)  # <- here


go(main)
