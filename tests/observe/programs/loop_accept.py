# expect: loop-thread accept4 250
# on: A
import socket

from common import go, later


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    later(lambda: socket.create_connection(listener.getsockname()).close())
    listener.accept()  # <- here


go(main)
