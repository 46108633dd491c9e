# expect: clean
# on: A
# suite: asyncio asyncio+uvloop trio
import anyio
from common import go


async def main() -> None:
    for _ in range(80):
        await anyio.sleep(0.005)


go(main)
