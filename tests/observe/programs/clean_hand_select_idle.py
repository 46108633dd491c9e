# expect: clean
# on: -
import selectors
import socket
import time

ours, theirs = socket.socketpair()
selector = selectors.DefaultSelector()
selector.register(ours, selectors.EVENT_READ)
until = time.monotonic() + 0.5
while time.monotonic() < until:
    selector.select(0.1)
