# expect: loop-thread read 200
# on: -
import os
import select
import socket
import threading
import time

ours, theirs = socket.socketpair()
reading, writing = os.pipe()


def feed() -> None:
    for number in range(12):
        time.sleep(0.02)
        theirs.send(b"x")
        if number == 5:
            time.sleep(0.2)
            os.write(writing, b"x")
    theirs.close()


threading.Thread(target=feed).start()
count = 0
with select.epoll() as epoll:
    epoll.register(ours.fileno(), select.EPOLLIN)
    while True:
        epoll.poll()
        data = ours.recv(1)
        if not data:
            break
        count += 1
        if count == 6:
            os.read(reading, 1)  # <- here
