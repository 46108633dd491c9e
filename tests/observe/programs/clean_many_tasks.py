# expect: clean
# on: A
import anyio
from common import go


async def main() -> None:
    async with anyio.create_task_group() as group:
        for _ in range(500):
            group.start_soon(anyio.sleep, 0.4)


go(main)
