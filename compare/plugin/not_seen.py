"""What could not be seen of the tests, and why: told at the session's end, and no test's fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .settings import MARKER

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


class NotSeen:
    """Reasons, and for how many tests each holds; not warnings, which may be errors."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tests: dict[str, tuple[str, int]] = {}
        """By the reason: the first test, and how many."""

    def note(self, test: str, why: str, count: int = 1) -> None:
        """Something could not be seen of a test."""
        first, before = self._tests.get(why, (test, 0))
        self._tests[why] = (first, before + count)

    def packed(self) -> dict[str, tuple[str, int]]:
        """Return it as what xdist can send."""
        return self._tests

    def unpack(self, packed: Mapping[str, tuple[str, int]]) -> None:
        """Take in what a worker sent."""
        for why, (test, count) in packed.items():
            self.note(test, why, count)

    def summarize(self, reporter: pytest.TerminalReporter) -> None:
        """Print a line for each reason."""
        for why, (test, count) in self._tests.items():
            others = f" and {count - 1} more" if count > 1 else ""
            reporter.write_line(f"{MARKER}: not seen in {test}{others}: {why}", yellow=True)
