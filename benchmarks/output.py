"""The table on standard output, and the JSON that the docs are made from."""

from __future__ import annotations

import json
import os
import platform
from typing import TYPE_CHECKING, Any

from benchmarks.measure import MEANINGLESS, UNSTABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Row, Spread

ADVICE = (
    f"unstable (?): the quartiles are more than {MEANINGLESS:.0%} of the ratio apart, which then says little. Run again"
    " with more --rounds, or when the machine is quiet."
)
BUSY = 0.05
"""Of all processors: a machine that does nothing else uses less."""
MARKS = {"limit": "=", "peer": " ", "ours": "*"}


def table(rows: Sequence[Row]) -> str:
    """All works, each as a table of its own; `*` marks our own recipes, `=` the limit."""
    parts = []
    for work in dict.fromkeys((row.work, row.unit) for row in rows):
        parts += _work([row for row in rows if (row.work, row.unit) == work])
    if any(row.note == UNSTABLE for row in rows):
        parts += ["", ADVICE]
    return "\n".join(parts)


def busy(others: float | None) -> str:
    """A line that says what others used, in processors, where that is much."""
    count = os.cpu_count() or 1
    if others is None or others < BUSY * count:
        return ""
    return (
        f"Others used {others:.2f} of {count} processors meanwhile: how long a loop or a thread waited for a processor"
        " is in these figures too. Run again when the machine is quiet."
    )


def _work(rows: Sequence[Row]) -> list[str]:
    first = rows[0]
    ratios = [name for name in ("limit", "peer") if any(getattr(row, name) for row in rows)]
    head = ["", first.unit, *(f"× {getattr(first, f'{name}_name')}" for name in ratios), ""]
    cells = [head] + [
        [
            f"{MARKS[row.kind]} {row.name}",
            str(row.value) if row.value else "—",
            *(_ratio(getattr(row, name)) for name in ratios),
            row.note,
        ]
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head) - 1)]
    lines = ["", first.work]
    for line in cells:
        texts = [
            line[0].ljust(widths[0]),
            *(text.rjust(width) for text, width in zip(line[1:-1], widths[1:], strict=True)),
        ]
        lines.append("  ".join([*texts, line[-1]]).rstrip())
    for row in rows:
        for goal in row.goals:
            met = goal.met(row)
            lines.append(f"  {row.name}: {goal.text(row)} ({'met' if met else 'unknown' if met is None else 'missed'})")
    return lines


def _ratio(ratio: Spread | None) -> str:
    if ratio is None:
        return "—"
    return f"{ratio} ?" if ratio.meaningless else str(ratio)


def document(benchmark: str, rows: Sequence[Row], others: float | None) -> dict[str, Any]:
    """What `--json` writes; every figure with its quartiles, `null` where there is none."""
    return {
        "benchmark": benchmark,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "others": others,
        "rows": [_row(row) for row in rows],
    }


def _row(row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {"work": row.work, "name": row.name, "kind": row.kind, "unit": row.unit}
    for prefix, figure in (("", row.value), ("limit_", row.limit), ("peer_", row.peer)):
        name = f"{prefix}ratio" if prefix else "median"
        told |= {
            name: figure and figure.median,
            f"{prefix}low": figure and figure.low,
            f"{prefix}high": figure and figure.high,
        }
    told["goal"] = "; ".join(goal.text(row) for goal in row.goals) or None
    told["met"] = all(goal.met(row) for goal in row.goals) if row.goals else None
    told["note"] = row.note or None
    return told


def write(document_: dict[str, Any], path: str) -> None:
    """Write JSON to a file, `-` for standard output."""
    text = json.dumps(document_, ensure_ascii=False, indent=1) + "\n"
    if path == "-":
        print(text, end="")
        return
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123  as the user wrote it
        file.write(text)
