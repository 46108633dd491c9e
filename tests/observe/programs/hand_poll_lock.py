# expect: lock futex 200
# on: -
import select
import socket
import threading
import time

ours, theirs = socket.socketpair()
event = threading.Event()


def feed() -> None:
    for number in range(12):
        time.sleep(0.02)
        theirs.send(b"x")
        if number == 5:
            time.sleep(0.2)
            event.set()
    theirs.close()


threading.Thread(target=feed).start()
count = 0
poll = select.poll()
poll.register(ours, select.POLLIN)
while True:
    poll.poll()
    data = ours.recv(1)
    if not data:
        break
    count += 1
    if count == 6:
        event.wait()  # <- here
