"""`asyncio_to_thread` with three threads: `python -m compare file` runs it."""

from collections.abc import Iterable

from recipes.file_read import asyncio_to_thread


async def read_files(paths: Iterable[str]) -> list[bytes]:
    """Return the bytes of each file, in order."""
    return await asyncio_to_thread.read_files(paths, threads=3)
