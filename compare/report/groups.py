"""Where blocking still happens: the rows of a comparison, grouped as their scenario groups them.

The same groups open the terminal's output, the page, the Markdown, and are in the JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.catalogue import Group, Scenario
    from compare.results import Comparison, Run


@dataclass(frozen=True, slots=True)
class Row:
    """One recipe, or those of its backends that belong into one group.

    Attributes:
        variant: the recipe's name.
        backends: these; none for a recipe without an event loop.
        apart: whether more backends of the recipe, or the first of them, are in another row.
        runs: of these backends, under all workloads; none is skipped.
    """

    variant: str
    backends: tuple[str, ...]
    apart: bool
    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        """The recipe, and the backends that are apart from the others."""
        names = ", ".join(name.removeprefix("asyncio+") for name in self.backends)
        return f"{self.variant} ({names})" if self.apart else self.variant

    def under(self, scenario: Scenario, workload: str) -> tuple[Run, ...]:
        """The runs of one workload."""
        return tuple(run for run in self.runs if run.workload.get(scenario.workload) == workload)


@dataclass(frozen=True, slots=True)
class Grouped:
    """A group with its rows, the best first, and what they show."""

    group: Group
    rows: tuple[Row, ...]
    sentence: str

    @property
    def runs(self) -> tuple[Run, ...]:
        """Those of all rows."""
        return tuple(run for row in self.rows for run in row.runs)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a comparison says, on one screen.

    Attributes:
        scenario: whose rows they are.
        workloads: those that were measured, in the scenario's order.
        titles: each of them in a line.
        groups: those that have rows.
        skipped: recipes that were not run, and under which workloads.
        failed: the runs that went wrong.
        answer: sentences.
    """

    scenario: Scenario
    workloads: tuple[str, ...]
    titles: tuple[str, ...]
    groups: tuple[Grouped, ...]
    skipped: dict[str, tuple[str, ...]]
    failed: tuple[Run, ...]
    answer: tuple[str, ...]


def summarised(comparison: Comparison, rows: int | None = None) -> Summary | None:
    """Group a comparison's rows; `None` for what no scenario of ours has measured.

    Args:
        comparison: runs of one scenario.
        rows: how many there may be; with more, a recipe's backends share a row whatever they tell.
    """
    scenario = catalogue.find(comparison.runs[0].scenario) if comparison.runs else None
    if scenario is None:
        return None
    ran = [run for run in comparison.runs if run.outcome != "skipped"]
    seen = {str(run.workload.get(scenario.workload)): run for run in reversed(comparison.runs)}
    workloads = tuple(name for name in scenario.workloads if name in seen)
    groups = _groups(scenario, ran, together=False)
    if rows is not None and sum(len(each.rows) for each in groups) > rows:
        groups = _groups(scenario, ran, together=True)
    return Summary(
        scenario,
        workloads,
        tuple(scenario.title(seen[name]) for name in workloads),
        groups,
        _skipped(scenario, comparison.runs, workloads),
        tuple(run for run in ran if run.outcome not in ("ok", "starves")),
        scenario.answer([(each.group, each.runs) for each in groups]),
    )


def _groups(scenario: Scenario, runs: Sequence[Run], *, together: bool) -> tuple[Grouped, ...]:
    """Put each backend of a recipe, or (together) each recipe, into the first group that holds."""
    mine: dict[tuple[str, str | None], list[Run]] = {}
    for run in runs:
        mine.setdefault((run.variant, None if together else run.backend), []).append(run)
    rest = catalogue.Group("rest", "not observed", bool, lambda _: "")
    known = (*scenario.groups, rest)
    found: dict[tuple[str, str], list[Run]] = {}
    for (variant, _), some in mine.items():
        well = [run for run in some if run.outcome in ("ok", "starves")] or some
        group = next(each for each in known if each.holds(well))
        found.setdefault((group.key, variant), []).extend(some)
    most: dict[str, str] = {}
    for key, variant in sorted(found, key=lambda pair: -len(found[pair])):
        most.setdefault(variant, key)
    grouped = []
    for group in known:
        rows = [
            _row(variant, some, apart=most[variant] != key)
            for (key, variant), some in found.items()
            if key == group.key
        ]
        if rows:
            rows.sort(key=lambda row: _cost(scenario, row))
            well = [run for row in rows for run in row.runs if run.outcome in ("ok", "starves")]
            grouped.append(Grouped(group, tuple(rows), group.sentence(well) if well else ""))
    return tuple(grouped)


def _row(variant: str, runs: Sequence[Run], *, apart: bool) -> Row:
    backends = dict.fromkeys(run.backend for run in runs if run.backend)
    return Row(variant, tuple(backends), apart, tuple(runs))


def _cost(scenario: Scenario, row: Row) -> tuple[int, float]:
    """By the last workload that a row was run under: the one in which waiting shows most."""
    for at, workload in enumerate(reversed(scenario.workloads)):
        costs = [scenario.cost(run) for run in row.under(scenario, workload) if run.outcome in ("ok", "starves")]
        if costs:
            return at, min(costs)
    return len(scenario.workloads), 0.0


def _skipped(scenario: Scenario, runs: Sequence[Run], workloads: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Recipes of which no backend was run, with the workloads that this is so under; all of them: none named."""
    found: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(run.variant for run in runs if run.outcome == "skipped"):
        ran = {run.workload.get(scenario.workload) for run in runs if run.variant == name and run.outcome != "skipped"}
        without = tuple(workload for workload in workloads if workload not in ran)
        if without:
            found[name] = without if len(without) < len(workloads) else ()
    return found
