# expect: loop-thread poll|ppoll 250
# on: A
"""A server of the standard library's waits for one request, in a poller that is not the loop's."""

import socket
import socketserver

from common import go, later


async def main() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        later(lambda: socket.create_connection(server.server_address).close())
        server.handle_request()  # <- here


go(main)
