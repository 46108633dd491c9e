# expect: loop-thread clock_nanosleep 250
# on: -
import asyncio
import time

import uvloop
from common import HOLD_S


class Protocol(asyncio.Protocol):
    def data_received(self, data: bytes) -> None:
        time.sleep(HOLD_S)  # <- here


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Protocol, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"x")
    await asyncio.sleep(0.05)
    writer.close()
    server.close()
    await asyncio.sleep(0.05)


uvloop.run(main())
