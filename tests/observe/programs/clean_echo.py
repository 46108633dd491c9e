# expect: clean
# on: A
# suite: asyncio trio
import anyio
from anyio.abc import SocketStream
from common import go


async def handle(stream: SocketStream) -> None:
    async with stream:
        async for data in stream:
            await stream.send(data)


async def ask(port: int) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        for _ in range(150):
            await stream.send(b"x")
            await stream.receive()


async def main() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        async with anyio.create_task_group() as clients:
            for _ in range(8):
                clients.start_soon(ask, listener.extra(anyio.abc.SocketAttribute.local_port))
        group.cancel_scope.cancel()
    await listener.aclose()


go(main)
