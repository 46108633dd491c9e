# expect: busy-cpu/compute - took
# on: -
# suite
import selectors
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


def handle() -> float:
    began = time.monotonic()
    until = time.thread_time() + 0.05
    while time.thread_time() < until:  # <- here
        for _ in range(2000):  # <- here
            pass  # <- here
    return time.monotonic() - began


threading.Thread(target=feed).start()
took = 0.0
selector = selectors.DefaultSelector()
selector.register(ours, selectors.EVENT_READ)
while selector.get_map():
    for key, _ in selector.select():
        if ours.recv(1):
            took += handle()
            ours.send(b"x")
        else:
            selector.unregister(key.fileobj)
print("took", took * 1000)
