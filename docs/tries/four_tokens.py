"""`trio_open_file` with four threads: `python -m compare file` runs it."""

from collections.abc import Iterable

import trio
from recipes.file_read import trio_open_file


async def read_files(paths: Iterable[str]) -> list[bytes]:
    """Return the bytes of each file, in order."""
    trio.to_thread.current_default_thread_limiter().total_tokens = 4
    return await trio_open_file.read_files(paths)
