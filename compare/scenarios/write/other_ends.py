"""What is at the other ends of what a writer connects: it sends the streams, and drains the pipes, late.

Started with `python -m` and two descriptors. It listens on the loopback interface and says on which port; whoever
connects sends the number of a stream in four bytes, and gets all of that stream as fast as it takes it. `{"drain":
[path, …]}` is answered when every FIFO is open, so that a writer's `open` does not wait for a reader. What is then
written to one waits for a delay, and is read to its end; the number of its bytes and their digest are left beside it.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from compare.process.child import Line
from compare.scenarios.shared import fifos
from compare.scenarios.shared.digest import digest
from compare.scenarios.shared.storage import content
from compare.scenarios.write.seen import leave

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECE = 256 << 10
NUMBER_BYTES = 4


def main(arguments: Sequence[str]) -> None:
    """Serve one parent until it closes its end; the threads end with this process."""
    line = Line(*arguments)
    started = line.receive()
    assert started is not None
    streams = [content(index, started["size"]) for index in range(started["count"])]
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        threading.Thread(target=_accept, args=(listener, streams), daemon=True).start()
        line.send(port=listener.getsockname()[1])
        while (command := line.receive()) is not None:
            for path in command["drain"]:
                descriptor = fifos.open_at_once(path)
                drain = (descriptor, path, started["delay"])
                threading.Thread(target=_drain, args=drain, daemon=True).start()
            line.send(draining=True)


def _accept(listener: socket.socket, streams: Sequence[bytes]) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_send, args=(connection, streams), daemon=True).start()


def _send(connection: socket.socket, streams: Sequence[bytes]) -> None:
    with connection, suppress(OSError):  # a writer that failed is gone
        asked = connection.recv(NUMBER_BYTES, socket.MSG_WAITALL)
        connection.sendall(streams[int.from_bytes(asked)])


def _drain(descriptor: int, path: str, delay: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        selector.select()  # until there is something, or a writer has left
    time.sleep(delay)
    if sys.platform != "win32":
        os.set_blocking(descriptor, True)
    count = found = 0
    while piece := os.read(descriptor, PIECE):
        count += len(piece)
        found = digest(piece, found)
    os.close(descriptor)
    with suppress(OSError):  # the folder is gone: nobody waits any more
        leave(path, count, found)


if __name__ == "__main__":
    main(sys.argv[1:])
