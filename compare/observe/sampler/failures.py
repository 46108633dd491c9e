"""Looks that failed: each is dropped, all are counted, and told once. No exception ends the sampler."""

from __future__ import annotations


class Failures:
    """Counts what went wrong where it should not have; a thread or process that has ended is not wrong."""

    def __init__(self) -> None:
        """Nothing has failed yet."""
        self.count = 0
        self._first = ""

    def note(self, error: Exception) -> None:
        """Count one, and remember the first."""
        self.count += 1
        self._first = self._first or f"{type(error).__name__}: {error}"

    def sentence(self) -> str | None:
        """Say how many there were, as what is missing; `None` where there were none."""
        if not self.count:
            return None
        looks = "one look" if self.count == 1 else f"{self.count} looks"
        return f"{looks} that failed in the observer itself (the first by {self._first})"
