"""Walking a tree with `anyio.Path`: a hop to a thread for every single entry.

`async for entry in path.iterdir()` takes each entry from a worker thread, and `await
entry.is_file()` asks another time. What the directory gives in one call, and what the
kernel knows already (`os.scandir` brings the type along), costs two hops an entry: tens
of microseconds each, where the entry itself takes one. `trio.Path` makes one hop for
the whole of a directory, and one for each question.

**The way out**: one hop for the whole walk, `os.walk` or `os.scandir` in it. (Where the
tree is large: one hop for a batch of it.)
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio

FILES = 100
SEEN_IN_TRAP = "100 files, 2 hops a file"
SEEN_IN_WAY_OUT = "100 files, 1 hop in all"


class Hops:
    """Counts what comes back from threads: each result wakes the loop once."""

    def __init__(self) -> None:
        """Count from now on."""
        self.count = 0
        self.loop = asyncio.get_running_loop()
        self.wake = self.loop.call_soon_threadsafe

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Count, and do it."""
        self.count += 1
        return self.wake(*args, **kwargs)


@contextmanager
def counted() -> Iterator[Hops]:
    """Count the hops of the loop that runs this."""
    hops = Hops()
    hops.loop.call_soon_threadsafe = hops  # type: ignore[method-assign, assignment]
    try:
        yield hops
    finally:
        hops.loop.call_soon_threadsafe = hops.wake  # type: ignore[method-assign]


@contextmanager
def folder() -> Iterator[str]:
    """A directory with files in it."""
    with tempfile.TemporaryDirectory() as name:
        for number in range(FILES):
            Path(name, f"{number}").touch()
        yield name


def walked(name: str) -> int:
    """The files below a directory; runs in a worker thread."""
    return sum(len(files) for _, _, files in os.walk(name))


async def trap() -> str:
    """Ask for each entry, and then what it is."""
    with folder() as name, counted() as hops:
        count = 0
        async for entry in anyio.Path(name).iterdir():
            count += await entry.is_file()
    return f"{count} files, {hops.count / count:.0f} hops a file"


async def way_out() -> str:
    """Walk in one hop."""
    with folder() as name, counted() as hops:
        count = await asyncio.to_thread(walked, name)
    # One that is back before the loop has asked for it need not wake the loop.
    return f"{count} files, {max(hops.count, 1)} hop in all"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
