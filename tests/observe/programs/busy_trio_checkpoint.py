# expect: busy-cpu/busy-polling - 400
# on: trio
import time

import trio
from common import go


async def main() -> None:
    until = time.monotonic() + 0.4
    while time.monotonic() < until:  # <- here
        await trio.lowlevel.checkpoint()  # <- here


go(main)
