# expect: busy-cpu/compute - 250
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
    theirs.close()


def handle() -> None:
    until = time.perf_counter() + 0.05
    while time.perf_counter() < until:  # <- here
        pass  # <- here


threading.Thread(target=feed).start()
selector = selectors.DefaultSelector()
selector.register(ours, selectors.EVENT_READ)
while selector.get_map():
    for key, _ in selector.select():
        if ours.recv(1):
            handle()
        else:
            selector.unregister(key.fileobj)
