"""Every way that Python offers to write a stream to a file, one module a way.

Each module has `write_file(path, chunks, durable=False)`, sync or async, which returns
how many bytes it wrote. `chunks` is an iterable of bytes, or for an async recipe an
async iterable. When it returns, the file is whole. After an error or a cancellation the
old file is still there, and nothing is left over: what comes is written to a new file
in the same directory, which takes the old one's name at the end, its permissions and,
where that is a link, its place. A process that is killed leaves the old file, too; and
on Linux nothing else, but for the moment in which an old file is replaced: how, and
what is left elsewhere, is in `_new_file.py`, which is to be copied with each recipe.
`durable=True` returns when the disk has the file and its name.

A pipe or a device is written to as it is: nothing takes its name, `durable` means
nothing there, and what it has been given can't be taken back.

Each can be copied as it is, and run: `python -m recipes.file_write.trio_batched PATH`
writes its standard input.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from recipes import print_anything

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

CHUNK = 64 * 1024  # bytes


def main(write_file: Callable[[str, Iterator[bytes]], int]) -> None:
    """Run a recipe as a program: write standard input, and print how much, or why not.

    Args:
        write_file: the recipe's, made synchronous by the run function of its event
            loop.

    Raises:
        SystemExit: status 2, when not one path was given or it can't be written.
    """
    print_anything()
    paths = sys.argv[1:]
    trouble = ""
    count = 0
    if len(paths) != 1:
        trouble = f"expected the PATH of one file to write, got {len(paths) or 'none'}"
    else:
        chunks = iter(partial(os.read, sys.stdin.fileno(), CHUNK), b"")
        try:
            count = write_file(paths[0], chunks)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            trouble = f"can't write {paths[0]}: {reason}"
    if trouble:
        sys.stderr.write(f"{Path(sys.argv[0]).name}: {trouble}\n")
        sys.exit(2)
    print(f"{paths[0]}: {count} bytes")


async def arriving(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Give the chunks of an iterator that may wait, and does so in a thread."""
    from anyio import to_thread  # noqa: PLC0415  most recipes do without it

    while chunk := await to_thread.run_sync(next, chunks, b""):
        yield chunk
