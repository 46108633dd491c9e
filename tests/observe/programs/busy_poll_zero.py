# expect: busy-cpu/busy-polling - 400
# on: -
# suite
import select
import socket
import time

ours, _theirs = socket.socketpair()
ours.setblocking(False)
poller = select.poll()
poller.register(ours, select.POLLIN)
until = time.monotonic() + 0.4
while time.monotonic() < until:  # <- here
    poller.poll(0)  # <- here
