# expect: loop-thread recvfrom 250
# on: A
import http.client
import socket
import threading
import time

from common import HOLD_S, go


def serve(listener: socket.socket) -> None:
    stream, _ = listener.accept()
    with stream:
        stream.recv(4096)
        time.sleep(HOLD_S)
        stream.sendall(b"HTTP/1.0 200 OK\r\n\r\nbody")


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener,)).start()
    client = http.client.HTTPConnection(*listener.getsockname())
    client.request("GET", "/")
    client.getresponse().read()  # <- here


go(main)
