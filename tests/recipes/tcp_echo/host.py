"""The process in which one server of the tests runs: `python host.py MODULE BACKEND DESCRIPTOR SETTINGS [ARGUMENT …]`.

SETTINGS are constants as JSON, `{MODULE: {NAME: VALUE}}`; the arguments are what `serve` gets behind the listener. It
serves on a listener that it inherits. A sync server ends when the test shuts the listener down, which is a call
from outside of it; an async one is cancelled at SIGUSR1. Then it tells as JSON what the server left behind.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import importlib
import json
import logging
import os
import resource
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Serve = Callable[..., Coroutine[Any, Any, None]]

BOUND_S = 5.0
"""How long a worker that was told to end may take: on a busy machine it has to get a processor first."""


def main(module: str, backend: str, descriptor: int, settings: str, *arguments: str) -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a killed test run leaves no server behind
    logging.basicConfig(level=logging.WARNING)
    serve = importlib.import_module(module).serve
    for name, constants in json.loads(settings).items():
        vars(importlib.import_module(name)).update(constants)
    listener = socket.socket(fileno=descriptor)
    if backend == "asyncio+uvloop":
        import uvloop  # noqa: PLC0415  the host of another backend does not pay for it

        uvloop.run(asyncio.sleep(0))  # libuv keeps two descriptors for the process's signals from its first loop on
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208  nothing that opens more than this
    if backend == "none":
        serve(listener, *arguments)
    elif backend == "trio":
        import trio  # noqa: PLC0415  the host of another backend does not pay for it

        trio.run(_until_signal_trio, serve, listener, *arguments)
    elif backend == "asyncio":
        asyncio.run(_until_signal_asyncio(serve, listener, *arguments))
    else:
        uvloop.run(_until_signal_asyncio(serve, listener, *arguments))
    gc.collect()
    _wait_for_told_workers()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a test may have left none free
    left = {
        "threads": [thread.name for thread in set(threading.enumerate()) - {threading.main_thread()} - _cached()],
        "processes": Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split(),
        "descriptors": sorted(set(os.listdir("/proc/self/fd")) - before),  # noqa: PTH208
        "listening": bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)),
    }
    listener.close()
    print(json.dumps(left), flush=True)  # noqa: T201  the test reads it


def _wait_for_told_workers() -> None:
    """AnyIO tells its workers to end when the loop's first task has ended, and does not wait for them.

    One that was not told to end is not waited for: that is a leak.
    """
    if "anyio._backends._asyncio" not in sys.modules:
        return
    kind = sys.modules["anyio._backends._asyncio"].WorkerThread
    for thread in threading.enumerate():
        if isinstance(thread, kind) and thread.stopping:
            thread.join(BOUND_S)


def _cached() -> set[threading.Thread]:
    """Trio keeps idle workers for ten seconds for whoever is next: nobody's leak."""
    if "trio" not in sys.modules:
        return set()
    cache = sys.modules["trio"]._core._thread_cache.THREAD_CACHE  # there is no public door to it
    return {worker._thread for worker in list(cache._idle_workers)}


async def _until_signal_asyncio(serve: Serve, listener: socket.socket, *arguments: str) -> None:
    before = asyncio.all_tasks()
    task = asyncio.ensure_future(serve(listener, *arguments))
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, task.cancel)
    (_,) = await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled():
        task.result()
    assert asyncio.all_tasks() == before, asyncio.all_tasks() - before


async def _until_signal_trio(serve: Serve, listener: socket.socket, *arguments: str) -> None:
    import trio  # noqa: PLC0415

    async def cancel() -> None:
        async for _ in signals:
            nursery.cancel_scope.cancel()

    with trio.open_signal_receiver(signal.SIGUSR1) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel)
            await serve(listener, *arguments)
            nursery.cancel_scope.cancel()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
