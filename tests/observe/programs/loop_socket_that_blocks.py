# expect: loop-thread recvfrom 250
# on: asyncio
"""The loop's own way to receive, with a socket that was left blocking."""

import asyncio
import socket

from common import go, later


async def main() -> None:
    ours, theirs = socket.socketpair()
    later(theirs.send, b"x")
    await asyncio.get_running_loop().sock_recv(ours, 1)  # <- here


go(main)
