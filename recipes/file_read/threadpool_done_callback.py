"""`submit` a read to a thread pool, with a callback: the "simulated" asynchronous read.

The caller goes on at once; a worker thread blocks in its place. `add_done_callback`
runs the callback in the worker that has just finished, or in the thread that calls it
if the future is done by then: so a callback must be safe in either, and quick, since
the worker takes no other read meanwhile. An exception in it goes nowhere:
`concurrent.futures` logs it and carries on, so that a caller who waits for what the
callback should have done waits for ever. Hence this callback only hands the future
over, and the caller, who can handle it, asks for the result. (Source: library
reference, `concurrent.futures.Future.add_done_callback`.)

**Where it still blocks:** in `open` and `read`, in the workers, and the caller in
`SimpleQueue.get`. Eight files are read at once. A read in progress can't be cancelled:
after an error or Ctrl-C this waits for those that have begun, and drops the others.

**Use it when** a program without an event loop has other work to do while files are
read.

**The idea** is in `read_files`.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def _read(path: str | os.PathLike[str]) -> bytes:
    return Path(path).read_bytes()  # a worker thread blocks here


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    return read_files([path])[0]


def read_files(
    paths: Iterable[str | os.PathLike[str]], threads: int = 8
) -> list[bytes]:
    """Return the bytes of each file, in order; the first error, by time, ends it."""
    done: SimpleQueue[Future[bytes]] = SimpleQueue()
    pool = ThreadPoolExecutor(threads)
    try:
        reads = [pool.submit(_read, path) for path in paths]
        for read in reads:
            read.add_done_callback(done.put)  # by a worker, or here
        # Here the caller is free to do something else.
        for _ in reads:
            done.get().result()
        return [read.result() for read in reads]
    finally:
        pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    from recipes.file_read import main

    main(read_files)
