# expect: busy-cpu/busy-polling - 400
# on: asyncio asyncio+uvloop
import asyncio
import time

from common import go


class Flag:
    def __init__(self) -> None:
        self.until = time.monotonic() + 0.4

    def is_set(self) -> bool:
        return time.monotonic() > self.until  # <- here


async def wait(flag: Flag) -> None:
    while not flag.is_set():  # <- here
        await asyncio.sleep(0)  # <- here


async def main() -> None:
    await wait(Flag())


go(main)
