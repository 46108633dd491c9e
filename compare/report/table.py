"""The table on a terminal, 40 columns wide or 200, or in a pipe: one table a workload, fastest first.

With room for it the verdict is a column. With less, it stands below its row together with the backend; with less still,
only the time and its relation to the fastest stay beside the name.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from compare.report.axis import groups, number, workload_of
from compare.report.lanes import TIMES
from compare.scenarios.verdict import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from compare.results import Comparison, Run

WIDE, MIDDLE = 118, 60
GAP = "  "
MARK = "~"
"""Before a figure whose passes differ much."""

STYLES = {"ok": "green", "skipped": "dim", "wrong": "bold red", "failed": "bold red", "timeout": "bold yellow"}
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
    for workload in groups(comparison):
        lines += _table(workload.runs, width)
    return Group(*lines)


def _table(runs: Sequence[Run], width: int) -> list[Text]:
    """A title, a head, the rows that ran, and those that were skipped."""
    ran = sorted((run for run in runs if run.outcome != "skipped"), key=_rank)
    skipped = [run for run in runs if run.outcome == "skipped"]
    lines = _folded(title(runs[0]), "bold", width, 0, 2)
    best = max((run.per_second for run in ran if run.outcome == "ok" and run.per_second), default=0.0)
    columns = _columns(runs[0], width)
    cells = [[column.cell(run, best) for column in columns] for run in ran]
    widths = _widths(columns, cells, width)
    lines.append(
        Text(GAP.join(_fitted(each.head, room, each) for each, room in zip(columns, widths, strict=True)), "dim")
    )
    for run, row in zip(ran, cells, strict=True):
        lines += _row(run, row, columns, widths, width)
    lines += _skipped(skipped, width)
    for line in lines:
        line.rstrip()
    return [*lines, Text()]


def title(run: Run) -> str:
    """The workload in a line: `file, slow: 8 FIFOs of 64 KiB, each 50 ms late`."""
    work = run.workload
    if run.scenario == "file":
        what = "FIFOs" if work.get("state") == "slow" else "files"
        size = f"{size_of(work['bytes'])} in all" if "paths" in work else f"of {size_of(work['bytes'])}"
        late = f", each {work['delay_ms']:g} ms late" if "delay_ms" in work else ""
        return f"file, {work['state']}: {work['files']} {what} {size}{late}"
    if run.scenario == "net":
        if work["load"] == "hold":
            return f"net, hold: {work['clients']} silent clients, and one that asks (answer in ms)"
        size = size_of(work["bytes"])
        return f"net, busy: {work['clients']} clients, {size} to and fro (latency in ms, CPU in µs a message)"
    return workload_of(run)


def size_of(count: int) -> str:
    """A number of bytes for people: `64 KiB`, `1.5 MiB`, `500 B`."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} B"


def _rank(run: Run) -> tuple[bool, float]:
    """Those that are well first, the fastest of them at the top."""
    waited = run.latency_ms.max if run.latency_ms else 0.0
    return run.outcome != "ok", -run.per_second if run.per_second else waited


def _columns(run: Run, width: int) -> list[Column]:
    name = Column("variant", lambda run, _: run.variant, left=True)
    backend = Column("backend", lambda run, _: run.backend or "", left=True)
    outcome = Column("outcome", lambda run, _: run.outcome, left=True)
    figures = _net(run) if run.scenario == "net" else _file()
    if width < MIDDLE:
        return [name, *figures[:2]]
    return [name, backend, outcome, *figures] if width >= WIDE else [name, outcome, *figures]


def _file() -> list[Column]:
    return [
        Column("time", _time),
        Column(TIMES, _relative),
        Column("threads", lambda run, _: str(run.threads) if run.threads else ""),
        Column("held", _held),
    ]


def _net(run: Run) -> list[Column]:
    threads = Column("threads", lambda run, _: str(run.threads) if run.threads else "")
    if run.workload.get("load") == "hold":
        answered = Column("answered", lambda run, _: f"{run.latency_ms.max:.1f}" if run.latency_ms else run.outcome)
        return [answered, threads]
    return [
        Column("msg/s", lambda run, _: f"{_mark(run)}{run.per_second:,.0f}" if run.per_second else ""),
        Column(TIMES, _relative),
        Column("p50", lambda run, _: number(run.latency_ms.p50) if run.latency_ms else ""),
        Column("p99", lambda run, _: number(run.latency_ms.p99) if run.latency_ms else ""),
        Column("max", lambda run, _: number(run.latency_ms.max) if run.latency_ms else ""),
        Column("CPU", _cpu),
        threads,
    ]


def _time(run: Run, _best: float) -> str:
    if run.outcome != "ok" or run.seconds is None:
        return ""
    return _mark(run) + milliseconds(run.seconds.median * 1000)


def _mark(run: Run) -> str:
    return MARK if any(note.startswith("unstable") for note in run.notes) else ""


def _relative(run: Run, best: float) -> str:
    """How many times slower than the best."""
    if run.outcome != "ok" or not run.per_second or not best:
        return ""
    times = best / run.per_second
    return f"{times:.2f}" if times < 9.995 else f"{times:.1f}" if times < 99.95 else f"{times:,.0f}"


def _held(run: Run, _best: float) -> str:
    """The loop's longest absence; a dash where nothing was seen, nothing where there is no loop."""
    if run.outcome != "ok" or run.observation is None or run.observation.loop is None:
        return ""
    longest = run.observation.loop.longest_ms
    return milliseconds(longest) if longest else "-"


def _cpu(run: Run, _best: float) -> str:
    if run.cpu_seconds is None or not run.operations:
        return ""
    return f"{(run.cpu_seconds.user + run.cpu_seconds.system) / run.operations * 1e6:.1f}"


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """As wide as what is in them; the name gives way when the line would be too long."""
    widths = [max(len(column.head), *(len(row[at]) for row in cells), 0) for at, column in enumerate(columns)]
    rest = sum(widths[1:]) + len(GAP) * (len(widths) - 1)
    widths[0] = max(8, min(widths[0], width - rest))
    return widths


def _fitted(text: str, room: int, column: Column) -> str:
    if len(text) > room:
        text = text[: room - 1] + "…"
    return text.ljust(room) if column.left else text.rjust(room)


def _row(run: Run, row: Sequence[str], columns: Sequence[Column], widths: Sequence[int], width: int) -> list[Text]:
    line = Text()
    for at, (cell, column, room) in enumerate(zip(row, columns, widths, strict=True)):
        line.append(GAP if at else "").append(_fitted(cell, room, column), _style(run, column.head, cell))
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
    """Notes that belong beside the verdict; that a row is unstable is shown by its mark."""
    return [note for note in run.notes if not note.startswith("unstable")]


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
    first, *others = _wrapped(said, max(20, width - indent)) or [""]
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
    lines = textwrap.wrap(
        text, max(8, width), initial_indent=" " * first, subsequent_indent=" " * others, break_on_hyphens=False
    )
    return [Text(line, style) for line in lines]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(8, width))
