# expect: loop-thread connect 1000
# on: A
import socket

from common import go, later


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    first = socket.create_connection(listener.getsockname())
    later(listener.accept, seconds=0.3)
    second = socket.socket()
    second.connect(listener.getsockname())  # <- here  its SYN is dropped, and sent again after a second
    first.close()
    second.close()


go(main)
