# expect: loop-thread read 250
# on: A
# suite: trio
from common import fifo, go


async def main() -> None:
    with open(fifo(), "rb") as file:
        file.read()  # <- here


go(main)
