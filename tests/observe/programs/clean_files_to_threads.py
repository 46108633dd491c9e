# expect: clean
# on: A
import anyio
from common import go


async def main() -> None:
    for _ in range(30):
        async with await anyio.open_file(__file__) as file:
            await file.read()


go(main)
