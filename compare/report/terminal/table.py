"""The table on a terminal, 40 columns wide or 200, or in a pipe: one table a workload, fastest first.

With room for it the verdict is a column. With less, it stands below its row together with the backend; with less still,
only the time and its relation to the fastest stay beside the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from compare import catalogue
from compare.report.axis import groups, workload_of
from compare.report.escape import escaped
from compare.report.figures import TOLD, unstable
from compare.report.lanes import TIMES
from compare.report.wrap import padded, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from compare.results import Comparison, Run

WIDE, MIDDLE = 118, 60
VERDICT = 20
"""No narrower than this where it stands beside its row."""
GAP = "  "
SLOWER = "observed, it took"
"""How a note begins that many rows have."""

MAIN = ("time", "msg/s")
RANKS = {"ok": 0, "starves": 1}
STYLES = {"ok": "green", "starves": "bold yellow", "skipped": "dim"}
STYLES |= {"wrong": "bold red", "failed": "bold red", "timeout": "bold yellow"}
HELD_MS = 10.0


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, and what a row has in it."""

    head: str
    cell: Callable[[Run, float], str]
    left: bool = False


def render(comparison: Comparison, width: int) -> RenderableType:
    """Make one table for each workload.

    Args:
        comparison: what was measured, as far as it is.
        width: columns; no line is wider.
    """
    lines: list[Text] = []
    for workload in groups(escaped(comparison)):
        lines += _table(workload.runs, width)
    return Group(*lines)


def _table(runs: Sequence[Run], width: int) -> list[Text]:
    """A title, a head, the rows that ran, and those that were skipped."""
    ran = sorted((run for run in runs if run.outcome != "skipped"), key=_rank)
    skipped = [run for run in runs if run.outcome == "skipped"]
    lines = _folded(title(runs[0]), "bold", width, 0, 2)
    best = max((run.per_second for run in ran if run.outcome == "ok" and run.per_second), default=0.0)
    columns = _columns(runs, width)
    cells = [[column.cell(run, best) for column in columns] for run in ran]
    widths = _widths(columns, cells, width)
    lines.append(
        Text(
            GAP.join(padded(each.head, room, right=not each.left) for each, room in zip(columns, widths, strict=True)),
            "dim",
        )
    )
    for run, row in zip(ran, cells, strict=True):
        lines += _row(run, row, columns, widths, width)
    lines += _skipped(skipped, width)
    for line in lines:
        line.rstrip()
    return [*lines, Text()]


def title(run: Run) -> str:
    """The workload in a line: `file, slow: 8 FIFOs of 64 KiB, each 50 ms late`."""
    scenario = catalogue.find(run.scenario)
    return scenario.title(run) if scenario else workload_of(run)


def _rank(run: Run) -> tuple[int, float]:
    """Those that are well first, the best of them at the top; those that starve are ranked with nobody."""
    scenario = catalogue.find(run.scenario)
    return RANKS.get(run.outcome, len(RANKS)), scenario.cost(run) if scenario else 0.0


def _columns(runs: Sequence[Run], width: int) -> list[Column]:
    name = Column("variant", lambda run, _: run.variant, left=True)
    backend = Column("backend", lambda run, _: run.backend or "", left=True)
    outcome = Column("outcome", lambda run, _: run.outcome, left=True)
    scenario = catalogue.find(runs[0].scenario)
    figures = [_figure(each) for each in scenario.columns(runs[0])] if scenario else []
    if figures and any(run.per_second for run in runs):
        figures.insert(1, Column(TIMES, _relative))
    if width < MIDDLE:
        return [name, *figures[:2]]
    return [name, backend, outcome, *figures] if width >= WIDE else [name, outcome, *figures]


def _figure(column: catalogue.Column) -> Column:
    """A scenario's column, its values as people read them; before the main one a mark when passes differ much."""

    def cell(run: Run, _best: float) -> str:
        value = column.value(run)
        if value is None:
            return ""
        told = value if isinstance(value, str) else TOLD[column.unit](value)
        return unstable(run) + told if column.title in MAIN else told

    return Column(column.title, cell, left=column.unit == "words")


def _relative(run: Run, best: float) -> str:
    """How many times slower than the best."""
    if run.outcome != "ok" or not run.per_second or not best:
        return ""
    times = best / run.per_second
    return f"{times:.2f}" if times < 9.995 else f"{times:.1f}" if times < 99.95 else f"{times:,.0f}"


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """As wide as what is in them; the name gives way when the line would be too long."""
    widths = [
        max(cell_len(text) for text in (column.head, *(row[at] for row in cells))) for at, column in enumerate(columns)
    ]
    rest = sum(widths[1:]) + len(GAP) * (len(widths) - 1) + (len(GAP) + VERDICT if width >= WIDE else 0)
    widths[0] = max(8, min(widths[0], width - rest))
    return widths


def _row(run: Run, row: Sequence[str], columns: Sequence[Column], widths: Sequence[int], width: int) -> list[Text]:
    line = Text()
    for at, (cell, column, room) in enumerate(zip(row, columns, widths, strict=True)):
        line.append(GAP if at else "").append(padded(cell, room, right=not column.left), _style(run, column.head, cell))
    said = "; ".join(part for part in (run.verdict, *_remarks(run)) if part)
    if width >= WIDE:
        indent = sum(widths) + len(GAP) * len(widths)
        return _beside(line, said, indent, width)
    below = ": ".join(part for part in (run.backend if width >= MIDDLE else _label(run), said) if part)
    line.truncate(width)
    return [line, *_folded(below, "dim", width, 4, 4)] if below else [line]


def _label(run: Run) -> str:
    """What the narrowest layout has no column for."""
    return " ".join(part for part in (run.backend, run.outcome if run.outcome != "ok" else "") if part)


def _remarks(run: Run) -> list[str]:
    """Notes that belong beside the verdict; those of many rows are told once, below."""
    return [note for note in run.notes if not note.startswith(("unstable", SLOWER))]


def _style(run: Run, head: str, cell: str) -> str:
    if head in ("outcome", "time", "msg/s", "answered") and run.outcome != "ok":
        return STYLES[run.outcome]
    if head == "outcome":
        return STYLES["ok"]
    if head == "held" and run.observation and run.observation.loop and run.observation.loop.longest_ms >= HELD_MS:
        return "yellow"
    return {"variant": "bold", TIMES: "cyan" if cell == "1.00" else ""}.get(head, "")


def _beside(line: Text, said: str, indent: int, width: int) -> list[Text]:
    """The verdict to the right of its row, on as many lines as it takes."""
    first, *others = wrapped(said, max(VERDICT, width - indent)) or [""]
    return [line.append(GAP + first), *(Text(" " * indent + other) for other in others)]


def _skipped(runs: Sequence[Run], width: int) -> list[Text]:
    """One line for each reason of a recipe; one for all when all have the same."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for run in runs:
        reasons.setdefault(run.reason or "", {}).setdefault(run.variant, []).append(run.backend or "")
    lines: list[Text] = []
    for reason, names in reasons.items():
        told = ", ".join(
            f"{name} ({', '.join(backends)})" if any(backends) else name for name, backends in names.items()
        )
        lines += _folded(f"{told}: skipped: {reason}", "dim", width, 0, 4)
    return lines


def _folded(text: str, style: str, width: int, first: int, others: int) -> list[Text]:
    """A paragraph, indented by so many columns."""
    lines = wrapped(text, max(8, width), " " * first, " " * others)
    return [Text(line, style) for line in lines]
