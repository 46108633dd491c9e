"""Ruff's ASYNC findings, measured: which of them waited in this run, how long, and what waited that ruff did not see.

Ruff reads the source: it names calls that may block in an `async def`, and does not follow what that calls. A run shows
what did wait, and nothing of lines that it did not come to. Both name a line, and by that they are put together: a
call's rows are those of ruff's range.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compare.report.advice import relative, what_all
from compare.report.escape import printable
from compare.report.gathered import gather
from compare.report.review import given_json
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compare.report.gathered import Gathered
    from compare.results import Finding

COMMAND = "ruff check --output-format json --select ASYNC"
RULES = "ASYNC"


@dataclass(frozen=True, slots=True)
class Told:
    """One finding of ruff's: its rule, its file (absolute), its first and last row, counted from 1."""

    code: str
    file: str
    first: int
    last: int
    message: str

    def covers(self, found: Gathered) -> bool:
        """Whether something waited at this place."""
        site = found.first.site
        if site is None or not self.first <= site.line <= self.last:
            return False
        return os.path.realpath(site.file) == os.path.realpath(self.file)


def read(name: str) -> tuple[Told, ...]:
    """Read what ruff's `--output-format json` wrote; of other rules than ASYNC nothing is kept.

    Raises:
        given_json.UnreadableError: it can't be read, or it is something else.
    """
    remedy = f"make it with `{COMMAND} > {name}`"
    return given_json.read(name, _told, option="--ruff", expected=f"what `{COMMAND}` prints", remedy=remedy)


def _told(found: Any) -> tuple[Told, ...]:
    if not isinstance(found, list):
        raise TypeError
    return tuple(
        Told(
            one["code"],
            one["filename"],
            int(one["location"]["row"]),
            int(one["end_location"]["row"]),
            one["message"],
        )
        for one in found
        if (one["code"] or "").startswith(RULES)
    )


def render(told: Sequence[Told], findings: Iterable[Finding], threshold_ms: float) -> str:
    """Say which of ruff's findings waited on a loop's thread, longest first; which did not; and what else waited."""
    held = gather(finding for finding in findings if finding.place in LOOP_PLACES)
    waited = {one: [each for each in held if one.covers(each)] for one in dict.fromkeys(told)}
    seen = sorted((one for one in waited if waited[one]), key=lambda one: -_total(waited[one]))
    unseen = [one for one in waited if not waited[one]]
    others = [each for each in held if not any(one.covers(each) for one in waited)]
    lines = [f"Ruff's {RULES} findings: {len(seen)} of {len(waited)} waited in this run"]
    lines += [f"  {_place(one)}: {milliseconds(_total(waited[one]))}: {what_all(waited[one][0])}" for one in seen]
    lines += [f"  {_place(one)}: not seen to wait for {milliseconds(threshold_ms)}: {one.message}" for one in unseen]
    if others:
        lines.append(f"Waited on the loop, and ruff did not see it: {len(others)}")
        lines += [f"  {milliseconds(each.total_ms)}: {what_all(each)}" for each in others]
    return "".join(f"{line}\n" for line in map(printable, lines))


def _total(found: Sequence[Gathered]) -> float:
    return sum(each.total_ms for each in found)


def _place(one: Told) -> str:
    return f"{one.code} {relative(one.file)}:{one.first}"
