# expect: loop-thread sendto 250
# on: A
import socket

from common import go, later


def drain(stream: socket.socket) -> None:
    left = 1 << 22
    while left:
        left -= len(stream.recv(1 << 20))


async def main() -> None:
    ours, theirs = socket.socketpair()
    later(drain, theirs)
    ours.sendall(bytes(1 << 22))  # <- here


go(main)
