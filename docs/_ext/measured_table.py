"""Tables of measured rows, as docutils nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docutils import nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from docs._ext.measured_data import Measurement

TITLES = {
    "variant": "variant",
    "backend": "backend",
    "outcome": "outcome",
    "time": "time",
    "rate": "messages/s",
    "latency": "p50 / p99 / max",
    "cpu": "CPU per message",
    "held": "loop held",
    "threads": "threads",
    "verdict": "who waited where",
}
_FILE = ("variant", "backend", "time", "held", "threads", "verdict")
_NET = ("variant", "backend", "rate", "latency", "cpu", "threads", "verdict")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, and how to set it."""

    text: str
    link: str | None = None
    code: bool = False
    number: bool = False

    @classmethod
    def of(cls, run: dict[str, Any], column: str, link: Callable[[str, str], str | None]) -> Cell:
        """One value of a row as a reader wants it: units beside the figures."""
        if column == "variant":
            return cls(run["variant"], link(run["variant"], run["scenario"]), code=True)
        if column == "backend":
            return cls(run["backend"] or "-")
        if column == "verdict":
            told = run["verdict"] if run["outcome"] == "ok" else f"{run['outcome']}: {run['reason'] or ''}"
            return cls(told.rstrip(": "))
        return cls(_VALUES[column](run), number=True)


def milliseconds(value: float) -> str:
    """Three significant digits, in the unit that fits."""
    if value >= 1000:
        return f"{value / 1000:.3g} s"
    if value >= 1:
        return f"{value:.3g} ms"
    return f"{value * 1000:.3g} µs"


def _time(run: dict[str, Any]) -> str:
    return milliseconds(run["seconds"]["median"] * 1000) if run["seconds"] else "-"


def _rate(run: dict[str, Any]) -> str:
    return f"{run['per_second']:,.0f}" if run["per_second"] else "-"


def _latency(run: dict[str, Any]) -> str:
    latency = run["latency_ms"]
    return " / ".join(milliseconds(latency[each]) for each in ("p50", "p99", "max")) if latency else "-"


def _cpu(run: dict[str, Any]) -> str:
    used, messages = run["cpu_seconds"], run["operations"]
    return f"{(used['user'] + used['system']) / messages * 1e6:.3g} µs" if used and messages else "-"


def _held(run: dict[str, Any]) -> str:
    loop = run["loop"]
    if loop is None:
        return "no loop"
    return milliseconds(loop["longest_ms"]) if loop["stalls"] else "no"


def _threads(run: dict[str, Any]) -> str:
    return str(run["threads"] or "-")


_VALUES: dict[str, Callable[[dict[str, Any]], str]] = {
    "time": _time,
    "rate": _rate,
    "latency": _latency,
    "cpu": _cpu,
    "held": _held,
    "threads": _threads,
}


def columns_of(runs: Sequence[dict[str, Any]], *, variant: bool) -> list[str]:
    """Which columns a table has: those of its scenario, without what would be the same in every row."""
    columns = list(_FILE if runs[0]["scenario"] == "file" else _NET)
    if not variant:
        columns.remove("variant")
    if not any(run["backend"] for run in runs):
        columns.remove("backend")
    return columns


def table(titles: Sequence[str], body: Sequence[Sequence[Cell]]) -> nodes.Node:
    """A table in a frame of its own, which scrolls where the page is narrow."""
    group = nodes.tgroup(cols=len(titles))
    group += [nodes.colspec(colwidth=1) for _ in titles]
    head = nodes.thead("", nodes.row("", *(_entry(Cell(title)) for title in titles)))
    group += head
    group += nodes.tbody("", *(nodes.row("", *(_entry(cell) for cell in row)) for row in body))
    return nodes.container("", nodes.table("", group, classes=["measured"]), classes=["measured-frame"])


def _entry(cell: Cell) -> nodes.entry:
    inner: nodes.Node = nodes.literal("", cell.text) if cell.code else nodes.Text(cell.text)
    if cell.link:
        inner = nodes.reference("", "", inner, refuri=cell.link, internal=True)
    paragraph = nodes.paragraph("", "", inner, translatable=False)
    return nodes.entry("", paragraph, classes=["number"] if cell.number else [])


def provenance(found: Measurement) -> nodes.Node:
    """The command, the machine and the day, under each table."""
    return nodes.paragraph(
        "",
        "",
        nodes.literal("", found.command),
        nodes.Text(f", {found.machine}, {found.date}"),
        translatable=False,
        classes=["provenance"],
    )
