# expect: loop-thread clock_nanosleep 250
# on: -
# suite
import select
import socket
import threading
import time

ours, theirs = socket.socketpair()


def feed() -> None:
    for _ in range(10):
        time.sleep(0.04)
        theirs.send(b"x")
    theirs.close()


def handle(data: bytes) -> None:
    time.sleep(0.025)  # <- here


threading.Thread(target=feed).start()
streams = [ours]
while streams:
    readable, _, _ = select.select(streams, [], [])
    for stream in readable:
        data = stream.recv(1)
        if data:
            handle(data)
        else:
            streams.remove(stream)
