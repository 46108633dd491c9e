# expect: loop-thread sendto 200
# on: -
import select
import socket
import threading
import time

ours, theirs = socket.socketpair()
full, emptied = socket.socketpair()


def feed() -> None:
    for number in range(12):
        time.sleep(0.02)
        theirs.send(b"x")
        if number == 5:
            time.sleep(0.2)
            left = 1 << 18
            while left:
                left -= len(emptied.recv(1 << 20))
    theirs.close()


def loop() -> None:
    count = 0
    while True:
        select.select([ours], [], [])
        if not ours.recv(1):
            break
        count += 1
        if count == 6:
            full.sendall(bytes(1 << 18))  # <- here


thread = threading.Thread(target=loop, name="reactor")
thread.start()
feed()
thread.join()
