"""A plain loop of `write`, into a file that takes the old one's name: the baseline.

No other way has so little overhead. What is written meets the page cache, so `write`
mostly copies; it waits when the kernel has too many pages to write back, when a network
mount is slow, and with `durable=True` for the disk itself. The new file takes the name
only when it is whole: whoever opens the path finds the old content or the new, never
some of either. (Sources: rename(2), fsync(2).)

**Where it still blocks:** in `open`, `write`, `fsync` and `replace`, in the caller's
own thread; a pipe waits in `open` for its reader, and in `write` until that has read.
Several streams are written one after the other.

**Use it when** nothing else is waiting for this thread: scripts, command-line tools, a
worker thread of your own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipes.file_write._new_file import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


def write_file(
    path: str | os.PathLike[str], chunks: Iterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    with replacing(path, durable) as file:
        return sum(file.write(chunk) for chunk in chunks)


if __name__ == "__main__":
    from recipes.file_write import main

    main(write_file)
