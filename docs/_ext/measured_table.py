"""Tables of measured rows, as docutils nodes."""

from __future__ import annotations

import math
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
    "first": "first answer",
    "later": "then, at the median",
    "memory": "memory",
    "cpu": "CPU per message",
    "held": "loop held",
    "threads": "threads",
    "verdict": "who waited where",
}
CLAUSES = 2
"""How much of a verdict a table of many rows shows."""

_FILE = ("variant", "backend", "time", "held", "threads", "verdict")
_HOLD = ("variant", "backend", "first", "later", "threads", "memory", "verdict")
_NET = ("variant", "backend", "rate", "latency", "cpu", "threads", "verdict")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's text, and how to set it."""

    text: str
    link: str | None = None
    code: bool = False
    number: bool = False

    @classmethod
    def of(cls, run: dict[str, Any], column: str, link: Callable[[str, str], str | None], *, brief: bool) -> Cell:
        """One value of a row as a reader wants it: units beside the figures, `brief` where many rows are compared."""
        if column == "variant":
            return cls(run["variant"], link(run["variant"], run["scenario"]), code=True)
        if column == "backend":
            return cls(run["backend"] or "-")
        if column == "verdict":
            told = run["verdict"] if run["outcome"] == "ok" else f"{run['outcome']}: {run['reason'] or ''}"
            return cls(_shortened(told) if brief else told.rstrip(": "))
        return cls(_VALUES[column](run), number=True)


def _shortened(told: str) -> str:
    """What matters most comes first; the recipe's own page has all of it."""
    clauses = told.rstrip(": ").split("; ")
    return "; ".join(clauses[:CLAUSES]) + (" …" if len(clauses) > CLAUSES else "")


def milliseconds(value: float) -> str:
    """Three significant digits, in the unit that fits."""
    if value >= 1000:
        return f"{value / 1000:.3g} s"
    if value >= 1:
        return f"{value:.3g} ms"
    return f"{value * 1000:.3g} µs"


def unstable(run: dict[str, Any]) -> bool:
    """Whether its passes differ so much that the figure says little."""
    return any(note.startswith("unstable") for note in run.get("notes", ()))


def _time(run: dict[str, Any]) -> str:
    mark = "~" if unstable(run) else ""
    return mark + milliseconds(run["seconds"]["median"] * 1000) if run["seconds"] else "-"


def _rate(run: dict[str, Any]) -> str:
    return f"{run['per_second']:,.0f}" if run["per_second"] else "-"


def _latency(run: dict[str, Any]) -> str:
    latency = run["latency_ms"]
    return " / ".join(milliseconds(latency[each]) for each in ("p50", "p99", "max")) if latency else "-"


def _first(run: dict[str, Any]) -> str:
    return milliseconds(run["latency_ms"]["max"]) if run["latency_ms"] else "-"


def _later(run: dict[str, Any]) -> str:
    return milliseconds(run["latency_ms"]["p50"]) if run["latency_ms"] else "-"


def _memory(run: dict[str, Any]) -> str:
    return f"{run['rss_mib']:.0f} MiB" if run["rss_mib"] else "-"


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
    "first": _first,
    "later": _later,
    "memory": _memory,
    "cpu": _cpu,
    "held": _held,
    "threads": _threads,
}


def columns_of(runs: Sequence[dict[str, Any]], *, variant: bool) -> list[str]:
    """Which columns a table has: those of its scenario, without what would be the same in every row."""
    net = _HOLD if runs[0]["workload"].get("load") == "hold" else _NET
    columns = list(_FILE if runs[0]["scenario"] == "file" else net)
    if not variant:
        columns.remove("variant")
    if not any(run["backend"] for run in runs):
        columns.remove("backend")
    return columns


def best_first(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the best first, by what their scenario is about; those without a figure last."""

    def cost(run: dict[str, Any]) -> float:
        if run["outcome"] != "ok":
            return math.inf
        if run["scenario"] == "file":
            return float(run["seconds"]["median"])
        if run["workload"].get("load") == "hold":
            return float(run["latency_ms"]["max"])
        return float(run["cpu_seconds"]["user"] + run["cpu_seconds"]["system"]) / float(run["operations"] or 1)

    return sorted(runs, key=cost)


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


def provenance(found: Measurement, runs: Sequence[dict[str, Any]]) -> nodes.Node:
    """The command, the machine and the day, under each table; and what a `~` in it means."""
    doubt = ". ~ unstable: the passes differ by more than half" if any(unstable(run) for run in runs) else ""
    return nodes.paragraph(
        "",
        "",
        nodes.literal("", found.command),
        nodes.Text(f", {found.machine}, {found.date}{doubt}"),
        translatable=False,
        classes=["provenance"],
    )
