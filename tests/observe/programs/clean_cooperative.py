# expect: clean
# on: A
# suite: asyncio trio
import anyio
from common import go, spin


async def main() -> None:
    for _ in range(150):
        spin(0.002)
        await anyio.sleep(0)


go(main)
