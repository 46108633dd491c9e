"""`answer SCENARIO`: the summary of all workloads of a scenario, by the code that makes the terminal's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from docutils import nodes

from compare.catalogue import scenario_of
from compare.report.brief import Brief
from compare.report.groups import summarised
from compare.results import Comparison
from docs._ext.measured import Evidence
from docs._ext.measured_data import MAIN, case_of, measurement
from docs._ext.measured_table import Cell, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from sphinx.application import Sphinx

    from compare.report.groups import Summary


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("answer", Answer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


class Answer(Evidence):
    """Where blocking still happens: a line a recipe, and the sentences below."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        [name] = self.arguments
        scenario = scenario_of(name)
        cases = [case_of(scenario, workload) for workload in scenario.workloads]
        self.depend_on(*(f"{case}.json" for case in cases))
        return [*(self._shown(cases, MAIN) or self.missing()), *self.on_other_pythons(partial(self._shown, cases))]

    def _shown(self, cases: Sequence[str], python: str) -> list[nodes.Node]:
        found = [each for case in cases if (each := measurement(case, python)) is not None]
        runs = tuple(run for each in found for run in each.runs)
        summary = summarised(Comparison((), "", "", 1, "", runs)) if runs else None
        if summary is None or not summary.groups:
            return []
        brief = Brief(summary)
        made = table(["recipe", *brief.heads, "where"], list(self._body(summary, brief)))
        said = [nodes.paragraph("", " ".join(summary.answer), translatable=False)]
        where = f"{brief.titles()}. {found[0].machine}, {found[0].date}"
        return [*said, made, nodes.paragraph("", where, translatable=False, classes=["provenance"])]

    def _body(self, summary: Summary, brief: Brief) -> Iterator[list[Cell]]:
        for each in summary.groups:
            title = f"{brief.mark(each.group.key)} {each.group.title}".strip()
            yield [Cell(title), *(Cell("") for _ in brief.heads), Cell("")]
            for row in each.rows:
                name = Cell(row.name, self.recipe_link(row.variant, summary.scenario.name), code=True)
                cells = (Cell(f"{cell.text} {brief.mark(cell.key)}".strip(), number=True) for cell in brief.cells(row))
                yield [name, *cells, Cell(brief.place(each, row))]
