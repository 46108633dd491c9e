# expect: busy-cpu/backlog - 300
# site: none
# on: asyncio
import asyncio

from common import go, spin


async def main() -> None:
    loop = asyncio.get_running_loop()
    for _ in range(1000):
        loop.call_soon(spin, 0.0003)
    await asyncio.sleep(0.01)


go(main)
