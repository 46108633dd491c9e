# expect: busy-cpu/busy-polling - 400
# on: -
# suite
import socket
import time

listener = socket.create_server(("127.0.0.1", 0))
listener.setblocking(False)
client = socket.create_connection(listener.getsockname())
streams: list[socket.socket] = []
until = time.monotonic() + 0.4
while time.monotonic() < until:  # <- here
    try:
        stream, _ = listener.accept()  # <- here
        stream.setblocking(False)
        streams.append(stream)
    except BlockingIOError:  # <- here
        pass  # <- here
    for stream in streams:  # <- here
        try:
            stream.recv(1)  # <- here
        except BlockingIOError:  # <- here
            continue  # <- here
