# expect: clean
# on: -
# loop: none
# suite
"""Asks the kernel again and again, but no socket: one is there, and does not wait for an answer."""

import os
import socket
import time

ours, _theirs = socket.socketpair()
ours.setblocking(False)
for ask in (lambda: os.stat(__file__), lambda: os.urandom(16)):
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        ask()
