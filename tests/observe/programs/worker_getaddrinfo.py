# expect: worker-thread poll|recvfrom any
# on: asyncio asyncio+uvloop
import asyncio
import os
import socket

from common import go


async def main() -> None:
    loop = asyncio.get_running_loop()
    os.environ["RES_OPTIONS"] = "timeout:1 attempts:1"
    try:
        await asyncio.wait_for(loop.getaddrinfo("nowhere.invalid.", 80, family=socket.AF_INET), 1)  # <- here
    except (OSError, TimeoutError):
        pass
    os._exit(0)


go(main)
