"""The answer on one screen: a line a recipe, grouped by where they block, and what that comes to.

Who was blocked under a workload is told by a glyph and a letter, which the group's title explains; colour adds nothing.
"""

from __future__ import annotations

from statistics import median_low
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Group as Lines
from rich.text import Text

from compare.report import where
from compare.report.escape import escaped
from compare.report.groups import summarised
from compare.report.table import TOLD, unstable
from compare.report.wrap import cut, padded, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from compare.catalogue import Column
    from compare.report.groups import Grouped, Row, Summary
    from compare.results import Comparison, Run

HEIGHT = 45
"""Lines at most, where there are no more rows than in our own recipes."""

GLYPHS = "█▒·▁"
"""Of the groups that mark runs, in their order."""

STYLES = ("bold #d55e00", "#2f8fc4", "#009e73", "#808080")
GAP, SKIPPED = "  ", "-"
NEXT = "Next: --long shows all figures, --timeline each thread's time, --html FILE a page"
SHORTEST, LONGEST = 14, 60
"""Columns for the place: not told in fewer; and not more, or the eye loses the row."""


def render(comparison: Comparison, width: int) -> RenderableType | None:
    """Draw the summary; `None` where nothing ran, or no scenario of ours measured it: then the table has the reasons.

    Args:
        comparison: what was measured.
        width: columns; no line is wider.
    """
    comparison = escaped(comparison)
    for rows in (None, 0):
        summary = summarised(comparison, rows)
        if summary is None or not summary.groups:
            return None
        lines = list(_Screen(summary, width).lines())
        if len(lines) <= HEIGHT:
            break
    return Lines(*lines)


class _Screen:
    """One summary, laid out for one width."""

    def __init__(self, summary: Summary, width: int) -> None:
        self._summary, self._width = summary, width
        self._letters = {each.key: each.letter for each in summary.scenario.groups if each.letter}
        self._columns = {name: self._brief(name) for name in summary.workloads}
        rows = [row for each in summary.groups for row in each.rows]
        self._cells = {id(row): self._row_cells(row) for row in rows}
        self._heads = [head for name, columns in self._columns.items() for head in _heads(name, columns)]
        every = [self._heads, *self._cells.values()]
        self._widths = [max(cell_len(cells[at]) for cells in every) for at in range(len(self._heads))]
        figures = sum(self._widths) + len(GAP) * len(self._widths)
        longest = max((cell_len(row.name) for row in rows), default=0)
        self._name = max(8, min(longest, width - figures - len(GAP) - SHORTEST))
        self._place = min(width - self._name - figures - len(GAP), LONGEST)

    def lines(self) -> Iterator[Text]:
        """From the workloads to what to type next."""
        summary, width = self._summary, self._width
        yield from self._text(
            " · ".join(title.removeprefix(f"{summary.scenario.name}, ") for title in summary.titles), "dim"
        )
        place = GAP + "where" if self._place >= SHORTEST else ""
        head = padded("recipe", self._name) + "".join(
            GAP + padded(head, room, right=True) for head, room in zip(self._heads, self._widths, strict=True)
        )
        yield Text(cut(head + place, width).rstrip(), "bold")
        for each in summary.groups:
            yield from self._group(each)
        yield from self._text(_skipped(summary), "dim")
        for run in summary.failed:
            backend = f" ({run.backend})" if run.backend else ""
            state = run.workload.get(summary.scenario.workload)
            yield from self._text(f"{run.outcome}: {run.variant}{backend}, {state}: {run.reason}", "bold red")
        yield from self._text(" ".join(summary.answer), "bold")
        yield from self._text(f"{NEXT}; {summary.scenario.page}", "dim")

    def _text(self, words: str, style: str) -> list[Text]:
        return [Text(line, style) for line in wrapped(words, self._width, others="  ")]

    def _group(self, grouped: Grouped) -> Iterator[Text]:
        """Its mark and title and what it shows, and a line for each row."""
        group = grouped.group
        mark = f"{self._mark(group.key)} " if group.key in self._letters else ""
        said = f"{mark}{group.title}" + (f": {grouped.sentence}" if grouped.sentence else "")
        title = len(mark) + len(group.title)
        for at, line in enumerate(wrapped(said, self._width, others="   ")):
            text = Text(line)
            if at == 0:
                text.stylize("bold underline", len(mark), min(title, len(line)))
                text.stylize(self._style(group.key), 0, len(mark))
            yield text
        for row in grouped.rows:
            yield self._row(row, waits=group.waits)

    def _row(self, row: Row, *, waits: bool) -> Text:
        line = Text(padded(row.name, self._name), "")
        marks = [key for name, columns in self._columns.items() for key in [self._key(row, name), *columns[1:]]]
        for cell, room, key in zip(self._cells[id(row)], self._widths, marks, strict=True):
            line.append(GAP)
            line.append(padded(cell, room, right=True), self._style(key) if isinstance(key, str) else "")
        if waits and self._place >= SHORTEST:
            loop = any(self._key(row, name) == "held" for name in self._columns)
            line.append(GAP + where.told(where.worst(_well(row.runs), loop=loop), row.variant, self._place))
        line.rstrip()
        line.truncate(self._width)
        return line

    def _brief(self, workload: str) -> tuple[Column, ...]:
        """The columns of a workload; they are asked of one of its runs."""
        runs = [run for each in self._summary.groups for run in each.runs]
        scenario = self._summary.scenario
        return next((scenario.brief(run) for run in runs if run.workload.get(scenario.workload) == workload), ())

    def _row_cells(self, row: Row) -> list[str]:
        cells = []
        for name, columns in self._columns.items():
            runs = row.under(self._summary.scenario, name)
            mark = self._mark(self._key(row, name)) if self._letters else ""
            told = [_cell(runs, column) for column in columns]
            if told and not any(told):
                told[0] = next((run.outcome for run in runs), SKIPPED)
            if told and mark and told[0]:
                told[0] = f"{told[0]} {mark}"
            cells += told
        return cells

    def _key(self, row: Row, workload: str) -> str | None:
        """Who was blocked in a row's runs, as most of them tell."""
        scenario = self._summary.scenario
        runs = _well(row.under(scenario, workload))
        return where.marked([scenario.blocked(run) for run in runs], list(self._letters))

    def _mark(self, key: str | None) -> str:
        """A glyph and a letter; as many blanks where there is nothing to mark."""
        if key not in self._letters:
            return "  "
        return GLYPHS[list(self._letters).index(key) % len(GLYPHS)] + self._letters[key]

    def _style(self, key: Any) -> str:
        return STYLES[list(self._letters).index(key) % len(STYLES)] if key in self._letters else ""


def _heads(workload: str, columns: Sequence[Column]) -> list[str]:
    """One column has its workload's name; several have their own after it."""
    if len(columns) < 2:
        return [workload for _ in columns]
    return [f"{workload}: {columns[0].title}", *(column.title for column in columns[1:])]


def _well(runs: Sequence[Run]) -> tuple[Run, ...]:
    return tuple(run for run in runs if run.outcome in ("ok", "starves"))


def _cell(runs: Sequence[Run], column: Column) -> str:
    """The figure of the run in the middle: of three backends the second, of two the lower one."""
    values = [(value, run) for run in _well(runs) if (value := column.value(run)) is not None]
    if not values:
        return ""
    if any(isinstance(value, str) for value, _ in values):
        return str(values[0][0])
    middle = median_low([value for value, _ in values if not isinstance(value, str)])
    run = next(run for value, run in values if value == middle)
    return unstable(run) + TOLD[column.unit](middle)


def _skipped(summary: Summary) -> str:
    """What was not run, in a sentence."""
    whole = ", ".join(name for name, under in summary.skipped.items() if not under)
    if not summary.skipped:
        return ""
    return f"Skipped{f': {whole}, and' if whole else ''} where - stands; --long says why."
