"""Collapsed stacks, a line each: what `flamegraph.pl`, speedscope and inferno read (`thread;frame;…;call 1234`)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from compare.report.escape import escaped
from compare.report.profiles.stacks import stacks, title_of

if TYPE_CHECKING:
    from compare.results import Comparison


def to_collapsed(comparison: Comparison) -> str:
    """One line for each stack and the microseconds that were waited in it; of several runs, each below its title."""
    comparison = escaped(comparison)
    weights: dict[tuple[str, ...], float] = defaultdict(float)
    for run in comparison.runs:
        title = (title_of(run),) if len(comparison.runs) > 1 else ()
        for stack in stacks(run):
            weights[*title, stack.thread, *map(str, stack.frames)] += stack.finding.total_ms
    lines = (f"{';'.join(map(_name, names))} {round(ms * 1000)}\n" for names, ms in weights.items() if ms >= 0.001)
    return "".join(lines)


def _name(text: str) -> str:
    """A name without the sign that ends one."""
    return text.replace(";", ",")
