"""Rounds, ratios, spreads and goals: on figures that are given, so that every result is known."""

from __future__ import annotations

import random

import pytest

from benchmarks import output
from benchmarks.measure import (
    UNSTABLE,
    Case,
    Figures,
    Goal,
    UnavailableError,
    Work,
    WrongError,
    interleave,
    number,
    rows,
    spread,
)

UNIT = "µs"


def fixed(name: str, *values: float) -> Case:
    left = iter(values)
    return Case(name, "limit" if name == "limit" else "ours", lambda: {UNIT: next(left)})


def test_a_spread_is_the_quartiles() -> None:
    seen = spread([5.0, 1.0, 4.0, 2.0, 3.0])
    assert (seen.low, seen.median, seen.high) == (2.0, 3.0, 4.0)
    assert spread([7.0]) == spread([7.0, 7.0])


@pytest.mark.parametrize(
    ("value", "text"), [(0.01234, "0.012"), (0.5, "0.50"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1234")]
)
def test_three_digits_say_enough(value: float, text: str) -> None:
    assert number(value) == text


def test_a_ratio_is_formed_within_each_round() -> None:
    # The machine is ten times slower in the second round, for both alike.
    seen = interleave([fixed("limit", 1.0, 10.0, 1.0), fixed("a", 2.0, 20.0, 2.0)], 3, random.Random(0))
    ours = rows(Work("w", {UNIT: True}, "limit"), seen)[1]
    assert ours.limit == spread([0.5])
    assert ours.value is not None
    assert ours.value.median == 2.0
    assert not ours.note


def test_a_spread_that_says_nothing_is_told() -> None:
    seen = interleave([fixed("limit", 1.0, 1.0, 1.0), fixed("a", 1.0, 2.0, 4.0)], 3, random.Random(0))
    made = rows(Work("w", {UNIT: True}, "limit"), seen)
    assert made[1].note == UNSTABLE
    table = output.table(made)
    assert "0.50 [0.38–0.75] ?" in table
    assert "when the machine is quiet" in table


def test_every_round_takes_all_in_an_order_of_its_own() -> None:
    order: list[str] = []

    def case(name: str) -> Case:
        def run() -> Figures:
            order.append(name)
            return {UNIT: 1.0}

        return Case(name, "ours", run)

    names = "abcdef"
    interleave([case(name) for name in names], 8, random.Random(1))
    turns = ["".join(order[start : start + 6]) for start in range(0, len(order), 6)]
    assert all(sorted(turn) == sorted(names) for turn in turns)
    assert len(set(turns)) > 1


def test_what_is_not_here_costs_its_row_alone() -> None:
    def missing() -> Figures:
        message = "turbofile is not installed: pip install turbofile"
        raise UnavailableError(message)

    seen = interleave([fixed("limit", 1.0, 1.0), Case("a", "peer", missing)], 2, random.Random(0))
    made = rows(Work("w", {UNIT: True}, "limit", "a"), seen)
    assert [row.note for row in made][1] == "turbofile is not installed: pip install turbofile"
    assert made[0].peer is None
    assert made[1].value is None


def test_a_wrong_byte_leaves_no_figure() -> None:
    passes = iter(range(2))

    def sometimes() -> Figures:
        if next(passes) == 1:
            message = "the content of file 3 is not what was written there"
            raise WrongError(message)
        return {UNIT: 1.0}

    seen = interleave([fixed("limit", 1.0, 1.0), Case("a", "ours", sometimes)], 2, random.Random(0))
    wrong = rows(Work("w", {UNIT: True}, "limit", goals=[Goal("a", UNIT, "limit", 0.5)]), seen)[1]
    assert wrong.value is None
    assert wrong.note.startswith("WRONG: the content of file 3")
    assert wrong.goals[0].met(wrong) is None


@pytest.mark.parametrize(
    ("goal", "met", "text"),
    [
        (Goal("a", UNIT, "limit", 0.5), True, "goal ≥ 0.50 of limit: 0.50 [0.50–0.50]"),
        (Goal("a", UNIT, "limit", 0.6), False, "goal ≥ 0.60 of limit: 0.50 [0.50–0.50]"),
        (Goal("a", UNIT, "value", 2.0), True, "goal ≤ 2.00 µs: 2.00 [2.00–2.00]"),
        (Goal("a", UNIT, "least", 3.0), False, "goal ≥ 3.00 µs: 2.00 [2.00–2.00]"),
        (Goal("a", UNIT, "peer", 1.0), None, "goal ≥ 1.00 of nobody: nothing to compare with"),
    ],
)
def test_a_goal_is_met_or_missed_or_unknown(goal: Goal, *, met: bool | None, text: str) -> None:
    seen = interleave([fixed("limit", 1.0), fixed("a", 2.0)], 1, random.Random(0))
    row = rows(Work("w", {UNIT: True}, "limit", "nobody", [goal]), seen)[1]
    assert goal.met(row) is met
    assert goal.text(row) == text
    told = output.document("file", [row], None)["rows"][0]
    assert (told["met"], told["goal"]) == (bool(met), text)
