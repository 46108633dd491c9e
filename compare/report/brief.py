"""The cells of the summary: what a row's figures are, who was blocked in them, and where; for the terminal and others.

Who was blocked under a workload is told by a glyph and a letter, which the group's title explains; colour adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING

from compare.report import where
from compare.report.figures import TOLD, unstable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.catalogue import Column
    from compare.report.groups import Grouped, Row, Summary
    from compare.results import Run

GLYPHS = "█▒·▁"
"""Of the groups that mark runs, in their order."""

SKIPPED = "-"
WIDE = 60
"""How many columns a place may have, where no screen limits it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, and the key of the group that tells who was blocked; `None` where that is not told."""

    text: str
    key: str | None = None


class Brief:
    """The summary's columns."""

    def __init__(self, summary: Summary) -> None:
        """Ask the scenario which figures there are."""
        self._summary = summary
        self._letters = {each.key: each.letter for each in summary.scenario.groups if each.letter}
        self._columns = {name: self._of(name) for name in summary.workloads}
        self.heads = [head for name, columns in self._columns.items() for head in _heads(name, columns)]

    def _of(self, workload: str) -> tuple[Column, ...]:
        """The columns of a workload; they are asked of one of its runs."""
        scenario = self._summary.scenario
        runs = (run for each in self._summary.groups for row in each.rows for run in row.under(scenario, workload))
        run = next(runs, None)
        return scenario.brief(run) if run is not None else ()

    def cells(self, row: Row) -> list[Cell]:
        """One for each of the heads; the first of a workload has the mark."""
        found = []
        for name, columns in self._columns.items():
            runs = row.under(self._summary.scenario, name)
            told = [_figure(runs, column) for column in columns]
            if told and not any(told):
                told[0] = next((run.outcome for run in runs), SKIPPED)
            found += [Cell(text, None if at else self._key(row, name)) for at, text in enumerate(told)]
        return found

    def _key(self, row: Row, workload: str) -> str | None:
        """Who was blocked in a row's runs, as most of them tell."""
        scenario = self._summary.scenario
        runs = _well(row.under(scenario, workload))
        return where.marked([scenario.blocked(run) for run in runs], list(self._letters))

    def mark(self, key: str | None) -> str:
        """A glyph and a letter; nothing where there is nothing to mark."""
        at = self.rank(key)
        return "" if at is None else GLYPHS[at % len(GLYPHS)] + self._letters[key or ""]

    def rank(self, key: str | None) -> int | None:
        """The number of the group that a mark is of, the worst first."""
        return list(self._letters).index(key) if key in self._letters else None

    def place(self, grouped: Grouped, row: Row, width: int = WIDE) -> str:
        """Where a row waited most, in so many columns; nothing where it waits nowhere."""
        if not grouped.group.waits:
            return ""
        loop = any(self.rank(cell.key) == 0 for cell in self.cells(row))
        return where.told(where.worst(_well(row.runs), loop=loop), row.variant, width)

    def skipped(self) -> str:
        """What was not run, in a sentence."""
        if not self._summary.skipped:
            return ""
        whole = ", ".join(name for name, under in self._summary.skipped.items() if not under)
        return f"Skipped{f': {whole}, and' if whole else ''} where {SKIPPED} stands"

    def titles(self) -> str:
        """The workloads in a line."""
        name = self._summary.scenario.name
        return " · ".join(title.removeprefix(f"{name}, ") for title in self._summary.titles)


def _heads(workload: str, columns: Sequence[Column]) -> list[str]:
    """One column has its workload's name; several have their own after it."""
    if len(columns) < 2:
        return [workload for _ in columns]
    return [f"{workload}: {columns[0].title}", *(column.title for column in columns[1:])]


def _well(runs: Sequence[Run]) -> tuple[Run, ...]:
    return tuple(run for run in runs if run.outcome in ("ok", "starves"))


def _figure(runs: Sequence[Run], column: Column) -> str:
    """The figure of the run in the middle: of three backends the second, of two the lower one."""
    values = [(value, run) for run in _well(runs) if (value := column.value(run)) is not None]
    if not values:
        return ""
    if any(isinstance(value, str) for value, _ in values):
        return str(values[0][0])
    middle = median_low([value for value, _ in values if not isinstance(value, str)])
    run = next(run for value, run in values if value == middle)
    return unstable(run) + TOLD[column.unit](middle)
