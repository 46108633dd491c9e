# expect: loop-thread sendfile 250
# on: A
import os
import socket
import tempfile

from common import go, later


def drain(stream: socket.socket) -> None:
    while stream.recv(1 << 20):
        pass


async def main() -> None:
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as file:
        file.truncate(1 << 22)
        later(drain, theirs)
        sent = 0
        while sent < 1 << 22:
            sent += os.sendfile(ours.fileno(), file.fileno(), sent, (1 << 22) - sent)  # <- here
    ours.close()


go(main)
