# expect: clean
# on: A
import gc

import anyio
from common import go


async def main() -> None:
    gc.freeze()
    for _ in range(80):
        items = [[number] for number in range(2000)]
        items.append(items)
        del items
        await anyio.sleep(0.002)


go(main)
