# expect: loop-thread read 250
# on: asyncio asyncio+uvloop
"""What a child does between the fork and its program, the loop waits for."""

import asyncio
import time

from common import HOLD_S, go


async def main() -> None:
    child = await asyncio.create_subprocess_exec("true", preexec_fn=lambda: time.sleep(HOLD_S))  # <- here
    await child.wait()


go(main)
