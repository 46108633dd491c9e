"""What differs between a suite's runs without us and those with us."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.others.runs import Ran, Way

MOST_TOLD = 40
NONE = "not run"


def differences(runs: Mapping[Way, Sequence[Ran]]) -> Iterator[str]:
    """Yield a line for each thing that came out with us in a way in which it never came out without."""
    plain = runs["plain"]
    if not any(outcome == "passed" for ran in plain for outcome in ran.outcomes.values()):
        yield "plain: no test passed, so that nothing can be said; its log says why"
    statuses = {ran.status for ran in plain}
    for way, seen in runs.items():
        others = [ran.status for ran in seen if ran.status not in statuses]
        if others:
            yield f"{way}: exit status {_words(others)}, plain {_words(sorted(statuses, key=str))}"
        lines = list(_tests(plain, seen))
        yield from (f"{way}: {line}" for line in lines[:MOST_TOLD])
        if lines[MOST_TOLD:]:
            yield f"{way}: and {len(lines) - MOST_TOLD} more"


def _tests(plain: Sequence[Ran], seen: Sequence[Ran]) -> Iterator[str]:
    names = {name for ran in (*plain, *seen) for name in ran.outcomes}
    for name in sorted(names):
        before = {ran.outcomes.get(name, NONE) for ran in plain}
        new = [outcome for ran in seen if (outcome := ran.outcomes.get(name, NONE)) not in before]
        if new:
            yield f"{name}: {new[0]} in {len(new)} of {len(seen)}, plain {_words(sorted(before))}"


def _words(values: Sequence[object]) -> str:
    return " or ".join(dict.fromkeys("over the limit" if value is None else str(value) for value in values))
