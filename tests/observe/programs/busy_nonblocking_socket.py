# expect: busy-cpu/busy-polling - 400
# on: A
import socket
import time

import anyio
from common import go


async def main() -> None:
    ours, _theirs = socket.socketpair()
    ours.setblocking(False)
    until = time.monotonic() + 0.4
    while time.monotonic() < until:  # <- here
        try:
            ours.recv(1)  # <- here
        except BlockingIOError:  # <- here
            await anyio.sleep(0)  # <- here


go(main)
