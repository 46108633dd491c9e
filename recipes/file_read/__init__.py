"""Every way that Python offers to read a whole file, one module a way.

Each module has `read_file(path)` and `read_files(paths)`, sync or async, for bytes in
the order of the paths; each can be copied as it is, and run: `python -m
recipes.file_read.trio_open_file PATH …` prints every file's size. Pick by what a
module's docstring says under "Use it when", and look at "Where it still blocks" before
you do.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recipes import print_anything

if TYPE_CHECKING:
    from collections.abc import Callable


def main(read_files: Callable[[list[str]], list[bytes]]) -> None:
    """Run a recipe as a program: print each file's name and size, or why not.

    Args:
        read_files: the recipe's, made synchronous by the run function of its event
            loop.

    Raises:
        SystemExit: status 2, when no path was given or a file can't be read by this
            recipe.
    """
    print_anything()
    paths = sys.argv[1:]
    trouble = ""
    contents: list[bytes] = []
    if not paths:
        trouble = "expected the PATH of at least one file to read, got none"
    try:
        contents = read_files(paths)
    # trio, anyio and asyncio's task groups raise groups, the others do not
    except* (OSError, ValueError) as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        trouble = str(error)
        if isinstance(error, OSError) and error.strerror:
            trouble = (
                f"can't read {error.filename or ', '.join(paths)}: {error.strerror}"
            )
    if trouble:
        sys.stderr.write(f"{Path(sys.argv[0]).name}: {trouble}\n")
        sys.exit(2)
    for path, content in zip(paths, contents, strict=True):
        print(f"{path}: {len(content)} bytes")
