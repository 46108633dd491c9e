# expect: busy-cpu/backlog - any
# site: none
# on: A
# suite: asyncio trio
import anyio
from common import go, spin


async def one() -> None:
    spin(0.0006)


async def main() -> None:
    async with anyio.create_task_group() as group:
        for _ in range(500):
            group.start_soon(one)


go(main)
