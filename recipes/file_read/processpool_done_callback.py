"""`submit` a read to a pool of processes: the same wait, moved further away.

What `threadpool_done_callback` does with threads. A process of the pool blocks; its
bytes come back pickled through a pipe, so everything is copied three times more, and
the callback runs in a helper thread of the parent (or in the caller's, if the future is
done by then). Starting a process costs tens of milliseconds: `spawn` starts a fresh
interpreter, which is slower than `fork` but safe in a program that has threads.
(Source: library reference, `multiprocessing`, "Contexts and start methods".)

**Where it still blocks:** in `open` and `read`, in the pool's processes; the fifth file
is queued for one of four.

**Use it when** each file needs much computing in pure Python as well, so that it should
not share this process's GIL. For the reading alone, threads do the same for less: the
GIL is released in `read`.

**The idea** is in `read_files`.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def _read(path: str | os.PathLike[str]) -> bytes:
    return Path(path).read_bytes()  # another process blocks here


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    return read_files([path])[0]


def read_files(
    paths: Iterable[str | os.PathLike[str]], processes: int = 4
) -> list[bytes]:
    """Return the bytes of each file, in order; the first error, by time, ends it."""
    done: SimpleQueue[Future[bytes]] = SimpleQueue()
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        reads = [pool.submit(_read, path) for path in paths]
        for read in reads:
            read.add_done_callback(done.put)
        # Here the caller is free to do something else.
        for _ in reads:
            done.get().result()
        return [read.result() for read in reads]
    finally:
        pool.shutdown(cancel_futures=True)


# the pool's processes import this module too, and must not start over
if __name__ == "__main__":
    from recipes.file_read import main

    main(read_files)
