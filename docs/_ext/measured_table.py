"""Tables of measured rows, as docutils nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docutils import nodes

from compare.catalogue import scenario_of
from compare.report.figures import MARK, is_unstable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compare.catalogue import Column, Unit
    from compare.results import Run
    from docs._ext.measured_data import Measurement

CLAUSES = 2
"""How much of a verdict a table of many rows shows."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, and how to set it."""

    text: str
    link: str | None = None
    code: bool = False
    number: bool = False


def figure(column: Column, run: Run) -> Cell:
    """One value of a row as a reader wants it, with its unit."""
    value = column.value(run)
    if value is None:
        return Cell("-", number=True)
    if isinstance(value, str):
        return Cell(value)
    mark = MARK if column.unit == "time" and column.title == "time" and is_unstable(run) else ""
    return Cell(mark + TOLD[column.unit](value), number=True)


def verdict(run: Run, *, brief: bool) -> Cell:
    """Who waited where; `brief` where many rows are compared: the recipe's own page has all of it."""
    told = run.verdict if run.outcome in ("ok", "starves") else f"{run.outcome}: {run.reason or ''}".rstrip(": ")
    clauses = told.split("; ")
    if not brief or len(clauses) <= CLAUSES:
        return Cell(told)
    return Cell("; ".join(clauses[:CLAUSES]) + " …")


def milliseconds(value: float) -> str:
    """Three significant digits, in the unit that fits."""
    if value >= 1000:
        return f"{value / 1000:.3g} s"
    if value >= 1:
        return f"{value:.3g} ms"
    return f"{value * 1000:.3g} µs"


TOLD: dict[Unit, Callable[[float], str]] = {
    "time": lambda value: milliseconds(value) if value else "no",
    "ms": milliseconds,
    "µs": lambda value: f"{value:.3g} µs",
    "/s": lambda value: f"{value:,.0f}",
    "MiB": lambda value: f"{value:.0f} MiB",
    "count": lambda value: f"{value:,.0f}",
}
"""How the value of a column is told, by its unit."""


def best_first(runs: Sequence[Run]) -> list[Run]:
    """The rows with the best first, by what their scenario is about; those that are not well last."""
    return sorted(runs, key=lambda run: scenario_of(run.scenario).cost(run) if run.outcome == "ok" else math.inf)


def table(titles: Sequence[str], body: Sequence[Sequence[Cell]], *more: str) -> nodes.Node:
    """A table in a frame of its own, which scrolls where the page is narrow."""
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=1) for _ in titles]
    head = nodes.thead("", nodes.row("", *(_entry(Cell(title)) for title in titles)))
    group += head
    group += nodes.tbody("", *(nodes.row("", *(_entry(cell) for cell in row)) for row in body))
    return nodes.container("", nodes.table("", group, classes=["measured", *more]), classes=["measured-frame"])


def _entry(cell: Cell) -> nodes.entry:
    inner: nodes.Node = nodes.literal("", cell.text) if cell.code else nodes.Text(cell.text)
    if cell.link:
        inner = nodes.reference("", "", inner, refuri=cell.link, internal=True)
    paragraph = nodes.paragraph("", "", inner, translatable=False)
    return nodes.entry("", paragraph, classes=["number"] if cell.number else [])


def provenance(found: Measurement, *, doubtful: bool = False) -> nodes.Node:
    """The command, the machine and the day, under each table; and what a `~` in it means."""
    doubt = ". ~ unstable: the passes differ by more than half" if doubtful else ""
    return nodes.paragraph(
        "",
        "",
        nodes.literal("", found.command),
        nodes.Text(f", {found.machine}, {found.date}{doubt}"),
        translatable=False,
        classes=["provenance"],
    )
