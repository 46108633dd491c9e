# expect: loop-thread recvfrom 250
# on: A
import socket

from common import go, later


async def main() -> None:
    ours, theirs = socket.socketpair()
    later(theirs.send, b"x")
    ours.recv(1)  # <- here


go(main)
