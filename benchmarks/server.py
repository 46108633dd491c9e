"""The process in which one server runs: `python -m benchmarks.server MODULE BACKEND DESCRIPTOR [CPU …]`.

It serves on the listener whose descriptor it inherits until it is killed. MODULE may be `DETECTOR:MODULE`: then one of
`benchmarks.detectors` is switched on first.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import resource
import signal
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> None:
    """Serve until killed."""
    module, backend, descriptor, *cpus = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    detector, _, module = module.rpartition(":")
    if detector:
        from benchmarks.detectors import START, in_loop  # noqa: PLC0415  servers that nobody watches are without it

        START.get(detector, int)()
    serve = importlib.import_module(module).serve
    if detector:
        serve = in_loop(detector, serve)
    listener = socket.socket(fileno=int(descriptor))
    if cpus:  # not before the imports, which need not wait for a processor that is measured on
        os.sched_setaffinity(0, set(map(int, cpus)))
    if backend == "trio":
        import trio  # noqa: PLC0415  each server has what it needs, and no more

        trio.run(serve, listener)
    elif backend == "asyncio+uvloop":
        import uvloop  # noqa: PLC0415

        uvloop.run(serve(listener))
    elif backend == "asyncio":
        import asyncio  # noqa: PLC0415

        asyncio.run(serve(listener))
    else:
        serve(listener)


if __name__ == "__main__":
    main(sys.argv[1:])
