"""Rounds in random order, medians of ratios, and what makes a figure mean nothing.

A ratio is formed within a round, between two passes that ran within seconds of each other, and the median of these
ratios is told, with the quartiles as its spread. Medians of all times divided by each other would compare one minute of
the machine with another.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

Kind = Literal["limit", "peer", "ours"]
Figures = dict[str, float]
"""What one pass measured, by unit: `{"µs a read": 12.5, "ms stall": 0.7}`."""

MEANINGLESS = 0.3
"""A spread wider than this part of its median says nothing about a difference of that size."""

UNSTABLE = "unstable"

SLOW_S = 3.0
SLOW_ROUNDS = 2
"""A pass longer than this is made in so many rounds only."""

SECONDS = "seconds of the pass"
"""The figure that a pass may give for that; it is not told."""


class UnavailableError(Exception):
    """What a row needs is not here; the message says what, and the line that installs it."""


class WrongError(Exception):
    """A byte was wrong: nothing about that row's speed matters."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its quartiles."""

    median: float
    low: float
    high: float

    @property
    def meaningless(self) -> bool:
        """Whether it is wider than what is told by it."""
        return self.high - self.low > MEANINGLESS * abs(self.median)

    def __str__(self) -> str:
        """Show it as tables do."""
        return f"{number(self.median)} [{number(self.low)}–{number(self.high)}]"


def number(value: float) -> str:
    """Three significant digits, never an exponent."""
    size = abs(value)
    return (
        f"{value:.0f}"
        if size >= 100
        else f"{value:.1f}"
        if size >= 10
        else f"{value:.2f}"
        if size >= 0.1
        else f"{value:.3f}"
    )


def spread(values: Sequence[float]) -> Spread:
    """The median and the quartiles of at least one value."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


@dataclass(frozen=True, slots=True)
class Goal:
    """What the project set out to reach.

    Attributes:
        name: whose row.
        unit: which of its figures.
        of: `limit` or `peer`: a ratio; `value`: the figure itself; `least`: the same, where more is better.
        bound: at most this for a `value`, at least this for all others.
    """

    name: str
    unit: str
    of: Literal["limit", "peer", "value", "least"]
    bound: float

    def met(self, row: Row) -> bool | None:
        """Whether a row reaches it; `None` where there is nothing to compare with."""
        seen = self._seen(row)
        if seen is None:
            return None
        return seen.median <= self.bound if self.of == "value" else seen.median >= self.bound

    def text(self, row: Row) -> str:
        """What is wanted, and what was seen."""
        what = {"limit": f"of {row.limit_name}", "peer": f"of {row.peer_name}"}.get(self.of, row.unit)
        sign = "≤" if self.of == "value" else "≥"
        return f"goal {sign} {number(self.bound)} {what}: {self._seen(row) or 'nothing to compare with'}"

    def _seen(self, row: Row) -> Spread | None:
        return {"limit": row.limit, "peer": row.peer}.get(self.of, row.value)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one way of doing one work.

    Attributes:
        work: what was done.
        name: by whom.
        kind: the limit, a peer or ours.
        unit: of `value`.
        value: what was measured.
        limit: how fast it is relative to the limit, 1 being as fast, where that is a question.
        peer: the same, relative to the best known peer.
        limit_name: which row the limit is.
        peer_name: which row that peer is.
        goals: that this row is held to.
        note: why there is no figure, or what must be known to read it.
    """

    work: str
    name: str
    kind: Kind
    unit: str
    value: Spread | None
    limit: Spread | None = None
    peer: Spread | None = None
    limit_name: str = ""
    peer_name: str = ""
    goals: tuple[Goal, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One way of doing a work: `run` makes one pass and returns its figures, or raises `UnavailableError`."""

    name: str
    kind: Kind
    run: Callable[[], Figures]
    most_rounds: int = 1000


@dataclass(slots=True)
class Seen:
    """What one case measured: its figures by round, or why there are none."""

    case: Case
    rounds: dict[int, Figures] = field(default_factory=dict)
    most_rounds: int = 1000
    trouble: str = ""

    def values(self, unit: str) -> list[float]:
        """One figure, over the rounds."""
        return [figures[unit] for figures in self.rounds.values() if unit in figures]

    def speed(self, unit: str, reference: Seen | None) -> Spread | None:
        """How many times as fast as `reference`, from the rounds that both were measured in."""
        if reference is None:
            return None
        both = [
            reference.rounds[round_][unit] / figures[unit]
            for round_, figures in self.rounds.items()
            if unit in figures and figures[unit] and unit in reference.rounds.get(round_, {})
        ]
        return spread(both) if both else None


def interleave(cases: Sequence[Case], rounds: int, chooser: random.Random) -> list[Seen]:
    """Run every case once a round, each round in an order of its own; return what was seen, in the order of `cases`."""
    seen = [Seen(case, most_rounds=min(rounds, case.most_rounds)) for case in cases]
    for round_ in range(rounds):
        turn = [each for each in seen if not each.trouble and round_ < each.most_rounds]
        chooser.shuffle(turn)
        for each in turn:
            progress(f"round {round_ + 1} of {rounds}: {each.case.name}")
            try:
                figures = each.case.run()
                if figures.pop(SECONDS, 0.0) > SLOW_S:
                    each.most_rounds = min(each.most_rounds, SLOW_ROUNDS)
                each.rounds[round_] = figures
            except UnavailableError as error:
                each.trouble = str(error)
            except WrongError as error:
                each.trouble = f"WRONG: {error}"
                each.rounds.clear()
    progress("")
    return seen


@dataclass(frozen=True, slots=True)
class Work:
    """What was done by all.

    Attributes:
        title: of its tables.
        units: the figures to tell, and for each whether its ratios say how fast something is.
        limit: the name of the case that the others can't be faster than.
        peer: the name of the case that ours are compared with.
        goals: held to their rows.
    """

    title: str
    units: Mapping[str, bool]
    limit: str = ""
    peer: str = ""
    goals: Sequence[Goal] = ()


def rows(work: Work, seen: Sequence[Seen]) -> list[Row]:
    """Make a work's rows from what `interleave` returned."""
    by_name = {each.case.name: each for each in seen}
    made = []
    for index, (unit, compared) in enumerate(work.units.items()):
        for each in seen:
            values = each.values(unit)
            if not values and (index or not each.trouble):  # why there are none is told once
                continue
            names = (work.limit, work.peer) if compared else ("", "")
            limit, peer = (each.speed(unit, by_name.get(name)) for name in names)
            made.append(
                Row(
                    work.title,
                    each.case.name,
                    each.case.kind,
                    unit,
                    spread(values) if values else None,
                    limit,
                    peer,
                    work.limit,
                    work.peer,
                    tuple(goal for goal in work.goals if goal.name == each.case.name and goal.unit == unit),
                    _note(each, limit, peer),
                )
            )
    return made


def _note(seen: Seen, *ratios: Spread | None) -> str:
    if seen.trouble:
        return seen.trouble
    if any(ratio is not None and ratio.meaningless for ratio in ratios):
        return UNSTABLE
    return f"{len(seen.rounds)} passes only" if seen.most_rounds <= SLOW_ROUNDS else ""


def progress(text: str) -> None:
    """Say what is being done, to somebody who looks on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
