# expect: clean
# on: A
import anyio
from common import go


async def main() -> None:
    send, receive = anyio.create_memory_object_stream[int](10)

    async def produce() -> None:
        async with send:
            for number in range(4000):
                await send.send(number)

    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        async with receive:
            async for _ in receive:
                pass


go(main)
