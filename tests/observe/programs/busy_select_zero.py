# expect: busy-cpu/busy-polling - 400
# on: -
import select
import socket
import time

ours, _theirs = socket.socketpair()
until = time.monotonic() + 0.4
while time.monotonic() < until:  # <- here
    select.select([ours], [], [], 0)  # <- here
