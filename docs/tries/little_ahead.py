"""How far `asyncio_writer_thread` lets a sender run ahead of a slow disk."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

from recipes.file_write import asyncio_writer_thread as recipe

CHUNK = 64 * 1024


async def ahead(limit: int) -> int:
    """Bytes that the recipe has taken while the reader has not read any."""
    recipe.AHEAD = limit
    os.mkfifo("slow")
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(256):
            taken += CHUNK
            yield bytes(CHUNK)

    read = threading.Event()
    reader = threading.Thread(target=drain, args=(read,))
    reader.start()
    writing = asyncio.create_task(recipe.write_file("slow", chunks()))
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < 0.3:  # until it has taken nothing for so long
        await asyncio.sleep(0.01)
        if taken != seen:
            seen, since = taken, time.monotonic()
    read.set()
    await writing
    reader.join()
    Path("slow").unlink()
    return seen


def drain(allowed: threading.Event) -> None:
    """Open the pipe at once, and read it when that is allowed."""
    with Path("slow").open("rb") as pipe:
        allowed.wait()
        while pipe.read(CHUNK):
            pass


if __name__ == "__main__":
    for size in (recipe.AHEAD, 512 * 1024):
        taken = asyncio.run(ahead(size))
        print(f"AHEAD = {size // 1024} KiB: {taken // 1024} KiB taken")
