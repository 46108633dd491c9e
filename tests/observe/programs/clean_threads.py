# expect: clean
# on: -
# suite
import queue
import socket
import threading
import time

items: queue.Queue[int | None] = queue.Queue()


def worker() -> None:
    while (item := items.get()) is not None:
        sum(range(item))


def serve(listener: socket.socket) -> None:
    stream, _ = listener.accept()
    with stream:
        while data := stream.recv(10):
            stream.sendall(data)


threads = [threading.Thread(target=worker) for _ in range(3)]
listener = socket.create_server(("127.0.0.1", 0))
threads.append(threading.Thread(target=serve, args=(listener,)))
for thread in threads:
    thread.start()
with socket.create_connection(listener.getsockname()) as client:
    for number in range(20):
        items.put(number)
        client.sendall(b"x")
        client.recv(1)
        time.sleep(0.01)
for _ in range(3):
    items.put(None)
for thread in threads:
    thread.join()
