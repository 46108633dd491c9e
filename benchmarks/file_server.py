"""The process in which one server of files runs: `file_server MODULE BACKEND LISTENER FOLDER PINGS [CPU …]`.

LISTENER and PINGS are descriptors that it inherits. It serves until it is killed, and its loop takes up pings
meanwhile; one that is 0 asks how late it took one up at the worst, in nanoseconds.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.file_child import STAMP, answered
from compare.process import loops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str]) -> None:
    """Serve until killed."""
    module, backend, listener_, folder, pings_, *cpus = arguments
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)
    serve = importlib.import_module(module).serve
    listener, pings = socket.socket(fileno=int(listener_)), socket.socket(fileno=int(pings_))
    pings.setblocking(False)
    if cpus:  # not before the imports, which need not wait for a processor that is measured on
        os.sched_setaffinity(0, set(map(int, cpus)))
    if backend == "none":
        serve(listener, folder)
    else:
        loops.run(backend, _under_pings, partial(serve, listener, folder), pings, backend == "trio")


async def _under_pings(serve: Callable[[], Any], pings: socket.socket, on_trio: bool) -> None:  # noqa: FBT001
    async with answered(pings, Taken(pings), on_trio=on_trio):
        await serve()


class Taken:
    """Takes pings up, and says how late that was at the worst."""

    def __init__(self, pings: socket.socket) -> None:
        """None yet."""
        self.pings, self.worst = pings, 0

    def __call__(self) -> None:
        """Take up all that are there."""
        now = time.monotonic_ns()
        try:
            while True:
                sent = STAMP.unpack(self.pings.recv(STAMP.size))[0]
                if sent:
                    self.worst = max(self.worst, now - sent)
                else:
                    self.pings.send(STAMP.pack(self.worst))
                    self.worst = 0
        except BlockingIOError:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
