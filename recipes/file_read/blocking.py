"""Plain `open().read()`, one file after the other: the baseline.

The calling thread asks the kernel for the bytes and sleeps until they are there. No
other way has so little overhead, and none is so easy to get right: at the end of the
file, on short reads, on `/proc` (size 0, yet content), on FIFOs.

**Where it still blocks:** in `open` (path lookup; a FIFO waits here for its writer) and
in `read`, in the caller's own thread. Files are waited for one after the other: 64
files of 50 ms take 3.2 s.

**Use it when** nothing else is waiting for this thread: scripts, command-line tools, a
worker thread of your own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file; raise `OSError` where it can't be opened or read."""
    with Path(path).open("rb") as file:
        # reads until the kernel says "end of file", whatever size it was told at first
        return file.read()


def read_files(paths: Iterable[str | os.PathLike[str]]) -> list[bytes]:
    """Return the bytes of each file, in order; the first error ends it."""
    return [read_file(path) for path in paths]


if __name__ == "__main__":
    from recipes.file_read import main

    main(read_files)
