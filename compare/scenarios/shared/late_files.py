"""Files that open at once and deliver late: FIFOs, or on Windows named pipes; new ones for each pass."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from . import fifos

if TYPE_CHECKING:
    import selectors
    from pathlib import Path

    from .slow_fifos import Contents, Writer

if sys.platform == "win32":
    import importlib.util

    def why_not() -> str | None:
        """Why there are none here; `None` if there are."""
        there = importlib.util.find_spec("_winapi") is not None
        return None if there else "this Python has no _winapi, to make named pipes that are late"

    def make(folder: Path, count: int) -> tuple[str, ...]:
        """Return the names of so many; their writer makes them. The last part of `folder` is a number."""
        from .named_pipes import names  # noqa: PLC0415  where it can be had

        return names(count, int(folder.name))

    def writer(contents: Contents, delay: float, selector: selectors.BaseSelector, folder: str) -> Writer:
        """Return what writes them, `delay` seconds late."""
        from .named_pipes import PipeWriter  # noqa: PLC0415  see above

        del selector, folder
        return PipeWriter(contents, delay)

else:
    from .slow_fifos import InotifyWriter, ThreadWriter, tells_reads

    why_not = fifos.why_not

    def make(folder: Path, count: int) -> tuple[str, ...]:
        """Make so many in a new folder, and return their paths; raise `OSError` where there can be none."""
        folder.mkdir()
        paths = tuple(str(folder / f"{index:05}") for index in range(count))
        for path in paths:
            fifos.make(path)
        return paths

    def writer(contents: Contents, delay: float, selector: selectors.BaseSelector, folder: str) -> Writer:
        """Return what writes them, `delay` seconds late; `folder` is for a trial."""
        return InotifyWriter(contents, delay, selector) if tells_reads(folder) else ThreadWriter(contents, delay)
