"""What was found in a file, or came out of a pipe: its length, and a digest, which a pipe's reader leaves beside it."""

from __future__ import annotations

import json
import os
import stat
import time

from ..shared.digest import digest

SUFFIX = ".seen"
LATE_S = 10.0
"""How long the reader of a pipe may take after its writer is done, in seconds."""


def leave(path: str, count: int, found: int) -> None:
    """Say what came out of a pipe, in a file beside it that is there at once."""
    with open(f"{path}{SUFFIX}.", "w", encoding="ascii") as file:  # noqa: PTH123  a child imports no more than it must
        json.dump([count, found], file)
    os.replace(f"{path}{SUFFIX}.", f"{path}{SUFFIX}")  # noqa: PTH105


def look(path: str) -> tuple[int, int] | None:
    """What is in a file, or came out of a pipe; `None` when its reader says nothing."""
    if stat.S_ISFIFO(os.stat(path).st_mode):  # noqa: PTH116
        return _left(f"{path}{SUFFIX}")
    with open(path, "rb") as file:  # noqa: PTH123
        data = file.read()
    return len(data), digest(data)


def _left(path: str) -> tuple[int, int] | None:
    deadline = time.monotonic() + LATE_S
    while not os.path.exists(path):  # noqa: PTH110
        if time.monotonic() > deadline:
            return None
        time.sleep(0.001)
    with open(path, encoding="ascii") as file:  # noqa: PTH123
        count, found = json.load(file)
    os.unlink(path)  # noqa: PTH108
    return count, found
