# expect: worker-thread recvfrom 250
# on: A
# suite: trio
import socket

import anyio
from common import go, later


async def main() -> None:
    ours, theirs = socket.socketpair()
    later(theirs.send, b"x")
    await anyio.to_thread.run_sync(ours.recv, 1)  # <- here


go(main)
