"""The answer on one screen: a line a recipe, grouped by where they block, and what that comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group as Lines
from rich.text import Text

from compare.report.brief import WIDE, Brief
from compare.report.escape import escaped
from compare.report.groups import summarised
from compare.report.wrap import cut, padded, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from compare.report.brief import Cell
    from compare.report.groups import Grouped, Row, Summary
    from compare.results import Comparison

HEIGHT = 45
"""Lines at most, where there are no more rows than in our own recipes."""

STYLES = ("bold #d55e00", "#2f8fc4", "#009e73", "#808080")
"""Of marks, the worst first."""

GAP = "  "
SHORTEST = 14
"""Columns for the place: it is not told in fewer."""

NEXT = "Next: --long shows all figures, --timeline each thread's time, --html FILE a page"


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
        self._summary, self._width, self._brief = summary, width, Brief(summary)
        rows = [row for each in summary.groups for row in each.rows]
        self._cells = {id(row): self._brief.cells(row) for row in rows}
        columns = range(len(self._brief.heads))
        self._marked = [any(self._brief.mark(cells[at].key) for cells in self._cells.values()) for at in columns]
        every = [
            self._brief.heads,
            *([self._told(cell, at) for at, cell in enumerate(cells)] for cells in self._cells.values()),
        ]
        self._widths = [max(cell_len(cells[at]) for cells in every) for at in columns]
        names = max((cell_len(row.variant) for row in rows), default=0)
        longest = max((cell_len(row.name) for row in rows), default=0)
        room = width - sum(self._widths)
        gaps = len(self._widths) + 1
        self._gap = GAP if longest + SHORTEST + len(GAP) * gaps <= room else GAP[1:]
        room -= len(self._gap) * gaps
        # What a recipe is called is told whole before the place is told at all, and its backend after that.
        self._name = max(min(longest, room - SHORTEST), min(names, room + len(self._gap)))
        self._place = min(room - self._name, WIDE)

    def _told(self, cell: Cell, at: int) -> str:
        """A figure with its mark, or with as many blanks where others of its column have one."""
        return f"{cell.text} {self._brief.mark(cell.key):2}" if self._marked[at] else cell.text

    def lines(self) -> Iterator[Text]:
        """From the workloads to what to type next."""
        summary = self._summary
        yield from self._text(self._brief.titles(), "dim")
        heads = zip(self._brief.heads, self._widths, strict=True)
        head = padded("recipe", self._name) + "".join(
            self._gap + padded(head, room, right=True) for head, room in heads
        )
        yield Text(cut(head + (f"{self._gap}where" if self._place >= SHORTEST else ""), self._width).rstrip(), "bold")
        for each in summary.groups:
            yield from self._group(each)
        if said := self._brief.skipped():
            yield from self._text(f"{said}; --long says why.", "dim")
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
        mark = f"{self._brief.mark(group.key)} ".lstrip()
        said = f"{mark}{group.title}" + (f": {grouped.sentence}" if grouped.sentence else "")
        for at, line in enumerate(wrapped(said, self._width, others="   ")):
            text = Text(line)
            if at == 0:
                text.stylize("bold underline", len(mark), min(len(mark) + len(group.title), len(line)))
                text.stylize(self._style(group.key), 0, len(mark))
            yield text
        for row in grouped.rows:
            yield self._row(grouped, row)

    def _row(self, grouped: Grouped, row: Row) -> Text:
        line = Text(padded(row.name, self._name))
        for at, (cell, room) in enumerate(zip(self._cells[id(row)], self._widths, strict=True)):
            line.append(self._gap).append(padded(self._told(cell, at), room, right=True), self._style(cell.key))
        if self._place >= SHORTEST:
            line.append(self._gap + self._brief.place(grouped, row, self._place))
        line.rstrip()
        line.truncate(self._width)
        return line

    def _style(self, key: str | None) -> str:
        at = self._brief.rank(key)
        return "" if at is None else STYLES[at % len(STYLES)]
