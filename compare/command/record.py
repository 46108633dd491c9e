"""`compare script --record`: writes what the last seconds held, when that is asked for or a loop was held for long.

A recording is two files, named by the time: a page, and a trace for Perfetto, which opens it compressed as it is.
"""

from __future__ import annotations

import gzip
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from compare.command import forms

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import Comparison, News, Run
    from compare.scenarios.script.follow import Rows

GOES_ON_MS = 5_000.0
"""A hold is written when it has ended, or once it lasts for so much longer than it has to."""
MOST_WRITTEN = 20
"""How many are written by themselves: a service that stalls all the time must not fill the disk."""


class Recorder:
    """Takes news, and writes a recording when one is due.

    Attributes:
        is_asked: set it, in any thread, and a recording is written.
    """

    def __init__(
        self,
        folder: Path,
        over_ms: float | None,
        keep_s: float,
        described: Callable[[Run], Comparison],
        tell: Callable[[str], object],
    ) -> None:
        """Write nothing yet.

        Args:
            folder: where recordings go.
            over_ms: for how long a loop must be held; `None`: only who asks gets one, and the end.
            keep_s: how many seconds a recording has; a hold is not written more often than this.
            described: makes a row a comparison.
            tell: says in a line what was written.
        """
        self._folder, self._over, self._keep = folder, over_ms, keep_s
        self._described, self._tell = described, tell
        self._next = 0.0
        self._written = 0
        self._seen: set[tuple[int, str]] = set()
        """The loops whose hold was written before it ended."""
        self.is_asked = threading.Event()

    def __call__(self, news: News, rows: Rows) -> None:
        """Take what is new, in the thread that follows the watch."""
        if rows.is_last:
            self._write("end", "the end", rows.recorded())
        elif self.is_asked.is_set():
            self.is_asked.clear()
            self._write("asked", "SIGUSR2", rows.recorded())
        elif (why := self._held(news)) is not None:
            self._write_by_itself(why, rows)

    def _held(self, news: News) -> str | None:
        """Which loop was held for long enough, in a few words."""
        if self._over is None:
            return None
        ended = [(turn.held_ms, turn.process, turn.thread) for turn in news.turns if turn.held_ms >= self._over]
        ended = [each for each in ended if each[1:] not in self._seen]
        goes_on = {(loop.process, loop.thread): loop.held_ms for loop in news.loops}
        self._seen &= {key for key, ms in goes_on.items() if ms >= self._over}
        going = [(ms, *key) for key, ms in goes_on.items() if ms >= self._over + GOES_ON_MS and key not in self._seen]
        self._seen |= {(process, thread) for _, process, thread in going}
        if not (held := [*ended, *going]):
            return None
        ms, process, thread = max(held)
        # A child's thread says so itself.
        whose = thread if thread.endswith(f" {process}") else f"{thread} of process {process}"
        return f"the loop in {whose} {'was' if ended else 'is'} held for {ms:.0f} ms"

    def _write_by_itself(self, why: str, rows: Rows) -> None:
        now = time.monotonic()
        if now < self._next or self._written >= MOST_WRITTEN:
            return
        self._next, self._written = now + self._keep, self._written + 1
        last = f"; it is the last of {MOST_WRITTEN}, more come at SIGUSR2" if self._written == MOST_WRITTEN else ""
        self._write("held", why + last, rows.recorded())

    def _write(self, reason: str, why: str, row: Run) -> None:
        comparison = self._described(row)
        name = self._folder / time.strftime(f"compare-%Y%m%d-%H%M%S-{reason}")
        try:
            _put(Path(f"{name}.html"), forms.page(comparison).encode("utf-8"))
            _put(Path(f"{name}.trace.json.gz"), gzip.compress(forms.trace(comparison).encode(), 6))
            self._tell(f"{name}.html and .trace.json.gz are written: {why}")
        except OSError as error:
            self._tell(f"can't write {error.filename}: {error.strerror}")


def _put(path: Path, data: bytes) -> None:
    """Write a file that is there whole, or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
