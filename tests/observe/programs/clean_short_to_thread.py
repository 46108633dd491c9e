# expect: clean
# on: A
import anyio
from common import go


async def main() -> None:
    for _ in range(100):
        await anyio.to_thread.run_sync(int)
    await anyio.sleep(0.3)


go(main)
