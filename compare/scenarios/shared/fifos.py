"""FIFOs: files whose other end can be late, where the system has them."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":

    def why_not() -> str | None:
        """Why there are none here."""
        return "Windows has no FIFOs: no file there can be opened and then be late"

    def make(path: str) -> None:
        """Not here."""
        raise OSError(path)

    def open_at_once(path: str, *, both: bool = False) -> int:  # noqa: ARG001  it is elsewhere
        """Not here."""
        raise OSError(path)

else:

    def why_not() -> str | None:
        """Why there are none here; `None` if there are."""
        return None if hasattr(os, "mkfifo") else "this Python has no os.mkfifo, to make files that are late"

    def make(path: str) -> None:
        """Make one; raise `OSError` where its file system has none."""
        os.mkfifo(path)

    def open_at_once(path: str, *, both: bool = False) -> int:
        """Open one to read, or to read and write (`both`), without waiting for its other end, nor later for data."""
        return os.open(path, (os.O_RDWR if both else os.O_RDONLY) | os.O_NONBLOCK)
