# expect: busy-cpu/compute - 250
# on: -
import select
import socket
import threading
import time

ours, theirs = socket.socketpair()


def feed() -> None:
    for _ in range(5):
        time.sleep(0.08)
        theirs.send(b"x")
    theirs.close()


threading.Thread(target=feed).start()
streams = [ours]
while streams:
    readable, _, _ = select.select(streams, [], [])
    for stream in readable:
        if not stream.recv(1):
            streams.remove(stream)
            continue
        until = time.perf_counter() + 0.05
        while time.perf_counter() < until:  # <- here
            pass  # <- here
