# expect: clean
# on: A
import anyio
from common import go


async def main() -> None:
    await anyio.sleep(0.4)


go(main)
