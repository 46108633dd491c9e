"""What a process's descriptor is linked to."""

from __future__ import annotations

import os


def link(pid: int, number: int) -> str:
    """Return it, such as `pipe:[42]`. Raises `OSError` where it is not open, or the process has ended."""
    return os.readlink(f"/proc/{pid}/fd/{number}")  # noqa: PTH115  `Path` would make a path of "pipe:[42]"
