# expect: worker-thread read 250
# on: trio
# suite: trio
import trio
from common import fifo, go


async def main() -> None:
    await trio.Path(fifo()).read_bytes()  # <- here


go(main)
