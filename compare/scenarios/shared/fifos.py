"""FIFOs: files whose other end can be late, where the system has them."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":

    def why_not() -> str | None:
        """Why there are none here."""
        return "Windows has no FIFOs, and a named pipe is opened by whoever looks whether it is there"

    def make(path: str) -> None:
        """Not here."""
        raise OSError(path)

    def open_at_once(path: str, *, both: bool = False) -> int:  # noqa: ARG001  it is elsewhere
        """Not here."""
        raise OSError(path)

else:

    def why_not() -> str | None:
        """Why there are none here; `None` if there are."""
        lacks = next((name for name in ("mkfifo", "O_NONBLOCK") if not hasattr(os, name)), None)
        return f"this Python has no os.{lacks}, to make files that are late" if lacks else None

    def make(path: str) -> None:
        """Make one; raise `OSError` where its file system has none."""
        os.mkfifo(path)

    def open_at_once(path: str, *, both: bool = False) -> int:
        """Open one to read, or to read and write (`both`), without waiting for its other end, nor later for data."""
        return os.open(path, (os.O_RDWR if both else os.O_RDONLY) | os.O_NONBLOCK)
