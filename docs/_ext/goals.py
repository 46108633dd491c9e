"""`goals missed` and `goals close`: what the benchmarks set out to reach and did not, or only just."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.parsers.rst import directives

from compare.catalogue import names
from docs._ext.measured import Evidence
from docs._ext.measured_data import benchmark, benchmarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

GOAL = re.compile(
    r"goal (?P<sign>[≥≤]) (?P<bound>[\d.]+) [^;]*: (?P<seen>[\d.]+) \[(?P<low>[\d.]+)\W(?P<high>[\d.]+)\]"
)
"""How a benchmark's JSON tells one."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("goals", Goals)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


@dataclass(frozen=True, slots=True)
class Goal:
    """What a row is held to, as it was told.

    Attributes:
        benchmark: of which it is.
        work: what was done.
        name: by whom.
        text: what is wanted, and what was seen: `≥ 0.90 of sendfile in C: 0.80`, with its quartiles.
        met: whether the median reaches it.
        close: whether it lies between the quartiles, so that another run may say the opposite.
    """

    benchmark: str
    work: str
    name: str
    text: str
    met: bool
    close: bool


def goals_of(benchmark_: str, row: dict[str, Any]) -> Iterator[Goal]:
    """Those of one row; what could not be compared is not among them."""
    found = list(GOAL.finditer(row["goal"] or ""))
    for each in found:
        bound, seen, low, high = (float(each[name]) for name in ("bound", "seen", "low", "high"))
        # the only one is met when the row says so: what is printed has been rounded
        met = row["met"] or (len(found) > 1 and (seen <= bound if each["sign"] == "≤" else seen >= bound))
        close = low < bound <= high if each["sign"] == "≥" else low <= bound < high
        yield Goal(benchmark_, row["work"], row["name"], each[0].removeprefix("goal "), met, close)


def every_goal() -> list[Goal]:
    """Those of all benchmarks that have been run."""
    told = [(name, found) for name in benchmarks() if (found := benchmark(name)) is not None]
    return [goal for name, found in told for row in found.rows for goal in goals_of(name, row)]


class Goals(Evidence):
    """A list: who, at what, the goal and what was seen."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        which = directives.choice(self.arguments[0], ("missed", "close"))
        self.depend_on(*(f"bench-{name}.json" for name in benchmarks()))
        found = [goal for goal in every_goal() if (goal.met and goal.close if which == "close" else not goal.met)]
        if not found:
            none = nodes.paragraph("None.", "None.")
            self.set_source_info(none)
            return [none]
        return [nodes.bullet_list("", *map(self._item, found))]

    def _item(self, goal: Goal) -> nodes.list_item:
        recipe = goal.name.split()[0].rstrip(",")
        link = self.recipe_link(recipe, goal.benchmark) if goal.benchmark in names() else None
        name: nodes.Node = nodes.literal("", goal.name)
        if link:
            name = nodes.reference("", "", name, refuri=link, internal=True)
        told = nodes.Text(f", {goal.work}: {goal.text}")
        return nodes.list_item("", nodes.paragraph("", "", name, told, translatable=False))
