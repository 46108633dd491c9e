"""How a column's figure is told, by its unit, and marked where it is not to be relied on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.report.axis import number
from compare.results import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare import catalogue
    from compare.results import Run

MARK = "~"
"""Before a figure whose passes differ much."""

TOLD: dict[catalogue.Unit, Callable[[float], str]] = {
    "time": lambda value: milliseconds(value) if value else "-",
    "ms": number,
    "µs": lambda value: f"{value:.1f}",
    "/s": lambda value: f"{value:,.0f}",
    "MiB": lambda value: f"{value:.0f}",
    "count": lambda value: f"{value:,.0f}",
}
"""How the value of a column is told, by its unit."""


def is_unstable(run: Run) -> bool:
    """Whether a run's passes differ so much that its figures say little."""
    return any(note.startswith("unstable") for note in run.notes)


def unstable(run: Run) -> str:
    """A mark before the figure of a run whose passes differ much."""
    return MARK if is_unstable(run) else ""
