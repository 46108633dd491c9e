"""`benchmark NAME`: what `python -m benchmarks NAME` measured, a table a work, the command and the machine below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives

from benchmarks.measure import Spread
from compare.catalogue import names
from docs._ext.measured import Evidence
from docs._ext.measured_data import benchmark
from docs._ext.measured_table import Cell, provenance, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx.application import Sphinx

    Row = dict[str, Any]

TITLES = ("name", "figure", "of the reference", "× the row 1.00", "goal", "note")  # noqa: RUF001  as on its page


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("benchmark", BenchmarkTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


class BenchmarkTable(Evidence):
    """`benchmark NAME`: all of its works, or those with a part of `:works:` in their title; `;` between the parts."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"works": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Make what the page shows; an error of the build where a part is in no work's title."""
        [name] = self.arguments
        self.depend_on(f"bench-{name}.json")
        found = benchmark(name)
        if found is None:
            return self.missing()
        parts = [part.strip() for part in self.options.get("works", "").split(";")]
        if strange := [part for part in parts if not any(part in row["work"] for row in found.rows)]:
            reason = f"expected a part of a work's title in bench-{name}.json, got {strange[0]!r}"
            raise self.error(reason)
        rows = [row for row in found.rows if any(part in row["work"] for part in parts)]
        shown: list[nodes.Node] = []
        for work, unit in dict.fromkeys((row["work"], row["unit"]) for row in rows):
            of_work = [row for row in rows if (row["work"], row["unit"]) == (work, unit)]
            shown += [nodes.rubric("", work, translatable=False), self._work(name, of_work)]
        return [*shown, provenance(found)]

    def _work(self, name: str, rows: Sequence[Row]) -> nodes.Node:
        """One work's table, without the columns that it has nothing for."""

        def link(row: Row) -> str | None:
            return self.recipe_link(row["name"].split()[0].rstrip(","), name) if name in names() else None

        body = [[_name(row, link), *cells(row)] for row in rows]
        kept = [column for column in range(len(TITLES)) if any(line[column].text for line in body)]
        titles = [TITLES[column] for column in kept]
        return self.with_heads(table(titles, [[line[column] for column in kept] for line in body], "benchmark"))


def _name(row: Row, link: Callable[[Row], str | None]) -> Cell:
    """Ours are set as code, and the limit has its sign: as in the terminal, without colour."""
    mark = "= " if row["kind"] == "limit" else ""
    return Cell(mark + row["name"], link(row), code=row["kind"] == "ours")


def cells(row: Row) -> list[Cell]:
    """What a row says beside its name: `TITLES` tells what; an empty text where there is nothing to say."""
    figure = spread(row, "median", "")
    return [
        Cell(f"{figure} {row['unit']}" if figure else "", number=True),
        *(Cell(_ratio(spread(row, f"{of}_ratio", f"{of}_")), number=True) for of in ("limit", "peer")),
        Cell(_goal(row)),
        Cell(row["note"] or ""),
    ]


def spread(row: Row, median: str, prefix: str) -> Spread | None:
    """A figure of the JSON, as the benchmarks print it."""
    if row[median] is None:
        return None
    return Spread(row[median], row[f"{prefix}low"], row[f"{prefix}high"])


def _ratio(ratio: Spread | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio} ?" if ratio.meaningless else str(ratio)


def _goal(row: Row) -> str:
    """Whether it is met; what was seen is in the other columns, unless there are several goals to tell apart."""
    if row["goal"] is None:
        return ""
    goals = [goal.removeprefix("goal ") for goal in row["goal"].split("; ")]
    if len(goals) == 1:
        return f"{'met' if row['met'] else 'missed'}: {goals[0].rpartition(': ')[0]}"
    return f"{'met' if row['met'] else 'not all met'}: {'; '.join(goals)}"
