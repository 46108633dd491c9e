# expect: busy-cpu/compute - took
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
        theirs.recv(1)
    theirs.close()


threading.Thread(target=feed).start()
streams = [ours]
took = 0.0
while streams:
    readable, _, _ = select.select(streams, [], [])
    for stream in readable:
        if not stream.recv(1):
            streams.remove(stream)
            continue
        began = time.monotonic()
        until = time.thread_time() + 0.05
        while time.thread_time() < until:  # <- here
            for _ in range(2000):  # <- here
                pass  # <- here
        took += time.monotonic() - began
        stream.send(b"x")
print("took", took * 1000)
