# expect: clean
# on: -
# suite
import select
import socket
import threading
import time

ours, theirs = socket.socketpair()
ours.setblocking(False)


def feed() -> None:
    for _ in range(40):
        time.sleep(0.01)
        theirs.send(b"x")
    theirs.close()


threading.Thread(target=feed).start()
streams = [ours]
while streams:
    readable, _, _ = select.select(streams, [], [], 0.2)
    for stream in readable:
        if not stream.recv(1):
            streams.remove(stream)
