# expect: worker-thread read 250
# on: A
import anyio
from common import fifo, go


async def main() -> None:
    async with await anyio.open_file(fifo(), "rb") as file:
        await file.read()  # <- here


go(main)
