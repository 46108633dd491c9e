"""What a scenario is to those who compare, list, tell and document, and which there are.

A scenario is one package under `compare/scenarios/` whose module `scenario` defines one object, `SCENARIO`. It is found
on disk, and imported when it is asked for: that module imports nothing that takes time.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from compare.catalogue.recipes import Variant
    from compare.process.host import Host
    from compare.results import Run

Unit = Literal["time", "ms", "µs", "/s", "MiB", "count", "words"]
"""What a column's value is in; `time` is in milliseconds too, and told with the unit that fits; `words` as they are."""

PACKAGE = "compare.scenarios"


class Listener:
    """Hears how a comparison goes on; this one keeps quiet."""

    def begin(self, passes: int) -> None:
        """So many passes will be made."""

    def doing(self, what: str) -> None:
        """The next pass begins."""

    def passed(self, count: int = 1) -> None:
        """So many passes are done, or will not be made."""

    def row(self, run: Run) -> None:
        """A row is there, or is better known than before."""

    def note(self, text: str) -> None:
        """Something that holds for the whole comparison."""


class NoRoomError(OSError):
    """What is to be compared with can't be made here; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a row.

    Attributes:
        title: the column's head.
        unit: what the value is in.
        value: the figure of a run; `None` where it has none.
        heading: the column's head where there is room.
    """

    title: str
    unit: Unit
    value: Callable[[Run], float | str | None]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Variants of which the same is to be said.

    Attributes:
        key: one word, for JSON.
        title: what the group's rows have in common, without a full stop.
        holds: does a variant belong here, by its runs that are not skipped, one for each workload?
        sentence: what the group's runs show, made of their findings and figures; one sentence.
        ranked: whether its rows may be ranked among those of the other groups.
        letter: marks the runs of which `Scenario.blocked` says this group's key; empty where none are marked.
        waits: whether its rows wait somewhere, at a line that can be told.
    """

    key: str
    title: str
    holds: Callable[[Sequence[Run]], bool]
    sentence: Callable[[Sequence[Run]], str]
    ranked: bool = True
    letter: str = ""
    waits: bool = True


class Scenario(ABC):
    """How one kind of recipe is compared. Nobody else compares its name with a word: it is asked.

    Attributes:
        name: of the command and of its rows: `python -m compare NAME`.
        folder: of the recipes, below `recipes/`.
        entry: the function that every recipe has.
        contract: how that function is called and what it returns, in one line.
        calls: the same as a reader of the help needs it: `read_files(paths)`.
        takes: how many arguments it is called with.
        heading: what the recipes do, the heading of their page: `Reading files`.
        intro: one sentence below that heading; Markdown.
        arguments: what a recipe of it takes when it is run as a program.
        help: one line for `--help`.
        example: arguments after `python -m compare`, a first thing to try.
        workload: the key of `Run.workload` by which the workloads differ: `state`, `load`.
        workloads: the values that it has, in the order in which they are told.
        page: of the docs, where a reader goes on.
        groups: of variants, in the order in which they are told; a variant belongs to the first that holds.
    """

    name: str
    folder: str
    entry: str
    contract: str
    calls: str
    heading: str
    intro: str
    arguments: str
    help: str
    example: str
    workload: str
    workloads: tuple[str, ...]
    takes: int = 1
    groups: tuple[Group, ...] = ()
    page: str = "docs/using-compare.md"

    def add_options(self, parser: ArgumentParser) -> None:
        """Add what is this scenario's alone; variants, `--repeat`, `--timeout`, `--quick` and outputs are there."""
        del parser

    @abstractmethod
    def compare(
        self, variants: Sequence[Variant], options: Namespace, host: Host, listener: Listener
    ) -> tuple[Run, ...]:
        """Measure all variants under all workloads that were asked for.

        Raises:
            NoRoomError: when what is needed can't be made.
            Stopped: when a signal asked for it.
        """

    @abstractmethod
    def title(self, run: Run) -> str:
        """The run's workload in a line: `file, slow: 8 FIFOs of 64 KiB, each 50 ms late`."""

    @abstractmethod
    def columns(self, run: Run) -> tuple[Column, ...]:
        """The figures of a run's workload, the most telling first."""

    def cost(self, run: Run) -> float:
        """What a run is ranked by among those of its workload: less is better."""
        return run.seconds.median if run.seconds else float("inf")

    def brief(self, run: Run) -> tuple[Column, ...]:
        """The figures of a run's workload that the summary of one screen has room for."""
        return self.columns(run)[:1]

    def blocked(self, run: Run) -> str | None:
        """Who was blocked in a run, as the key of a group; `None` where that is not told."""
        del run
        return None

    def answer(self, groups: Sequence[tuple[Group, Sequence[Run]]]) -> tuple[str, ...]:
        """The answer in three or four sentences with figures; the groups that there are, each with its runs."""
        del groups
        return ()

    def commands(self, recipe: str) -> tuple[str, ...]:
        """What a reader of a recipe's page may type to see it measured."""
        return (f"python -m compare {self.name} --only {recipe}",)


@cache
def names() -> tuple[str, ...]:
    """The scenarios there are, in alphabetical order."""
    scenarios = importlib.import_module(PACKAGE)
    found = (each.name for each in pkgutil.iter_modules(scenarios.__path__) if each.ispkg)
    return tuple(name for name in found if find_spec(f"{PACKAGE}.{name}.scenario"))


@cache
def scenario_of(name: str) -> Scenario:
    """The scenario of that name; it is the name of its package too."""
    found: Scenario = importlib.import_module(f"{PACKAGE}.{name}.scenario").SCENARIO
    return found


def find(name: str) -> Scenario | None:
    """The scenario of that name; `None` for a row of a program's, or of another version's."""
    return scenario_of(name) if name in names() else None


def scenarios() -> tuple[Scenario, ...]:
    """All of them, in alphabetical order."""
    return tuple(scenario_of(name) for name in names())
