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

import os
import secrets
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO


def write_file(
    path: str | os.PathLike[str], chunks: Iterable[bytes], durable: bool = False
) -> int:
    """Write all chunks and return how many bytes; raise `OSError`, and keep the old."""
    with _replacing(path, durable) as file:
        return sum(file.write(chunk) for chunk in chunks)


@contextmanager
def _replacing(path: str | os.PathLike[str], durable: bool) -> Iterator[BinaryIO]:
    """Give a new file, which takes the name of the old one at the end."""
    target = Path(os.path.realpath(path))  # a link stays one
    old = target.exists()
    if old and not target.is_file():
        with target.open("wb") as file:  # a pipe, a device: as it is
            yield file
        return
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    # not for others' eyes before it has the old one's permissions
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if old else 0o666)
    with os.fdopen(fd, "wb") as file:
        try:
            if old:
                os.close(os.open(target, os.O_WRONLY))  # may it be written to?
                shutil.copymode(target, beside)
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            file.close()
            beside.replace(target)
        except BaseException:
            beside.unlink()
            raise
    if durable and sys.platform != "win32":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the disk has the name too
        finally:
            os.close(folder)


if __name__ == "__main__":
    from recipes.file_write import main

    main(write_file)
