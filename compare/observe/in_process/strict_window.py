"""A window in which each call of a loop's thread counts that may block, whatever it took."""

from __future__ import annotations

import linecache
import os
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from .audited_calls import Calls, loops
from .window import Window

if TYPE_CHECKING:
    from ...results import Finding

SHORTEST_MS = 2.0
"""What the observer sees of one wait for certain: it looks each millisecond."""
MEMORY_CALLS = {"brk", "madvise", "mmap", "mprotect", "mremap", "munmap"}
"""They wait for other threads of the process, which may be taking memory or forking, and for no device."""
OURS = str(Path(__file__).resolve().parents[2]) + os.sep
"""What waits for work of ours that is done aside is no fault of the program's."""


@dataclass(slots=True)
class StrictWindow(Window):
    """Two sources: audit events tell of a call however short it is; the observer, of all others that took long enough.

    Attributes:
        allowed_ms: what counts of what is no call: computing, the GIL, page faults; in milliseconds.
    """

    allowed_ms: float = 50.0
    _calls: Calls = field(default_factory=lambda: Calls(imports=False), repr=False)

    def open(self) -> None:
        """Begin."""
        self.threshold_ms = min(self.allowed_ms, SHORTEST_MS)
        self._calls = Calls(imports=self.imports)
        Window.open(self)
        self._calls.begin()

    def close(self) -> None:
        """End."""
        self._calls.end()
        Window.close(self)

    def collect(self) -> None:
        """Hear what was found."""
        Window.collect(self)
        self.may_block, self.missing = self._calls.told(), self.missing + self._calls.missing
        self.findings = tuple(each for each in self.findings if each.total_ms >= self.allowed_ms or is_call(each))


def is_call(finding: Finding) -> bool:
    """Whether a loop's thread waited in a call that a line of the user's makes, and that starts no thread.

    Without such a line it may be the loop's own, or a library's that waits for its loop by a lock.
    """
    site = finding.site
    if site is None or site.owner != "user":
        return False
    if any(each.function == Thread.start.__qualname__ for each in finding.stack):
        return False
    above = takewhile(lambda each: each != site, finding.stack)
    if any(each.file.startswith((OURS, *loops())) for each in above):
        return False
    if finding.place == "lock":
        return not _is_librarys_mutex(finding)
    return finding.place == "loop-thread" and finding.call not in MEMORY_CALLS


def _is_librarys_mutex(finding: Finding) -> bool:
    """Whether the standard library waited in a `with` of its own: a lock that others have for microseconds.

    On a busy machine one of them may get no CPU just then; a queue, an event and a future are waited for otherwise.
    """
    innermost = next(iter(finding.stack), finding.site)
    if innermost is None or innermost.owner != "library":
        return False
    return linecache.getline(innermost.file, innermost.line).strip().startswith("with ")
