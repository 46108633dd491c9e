# expect: busy-cpu/busy-polling - 400
# on: A
# suite: asyncio trio
import time

import anyio
from common import go


async def main() -> None:
    until = time.monotonic() + 0.4
    while time.monotonic() < until:  # <- here
        await anyio.sleep(0)  # <- here


go(main)
