"""Findings as GitHub's workflow commands: a line each, which a pull request shows beside the line of code.

The escapes are those of `@actions/core` (`command.ts`): a message ends at its line's end, a property at a comma or a
colon. GitHub shows ten warnings and ten notices of a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.report.advice import relative, way_out, what_all
from compare.report.escape import escaped
from compare.report.gathered import gather
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.report.gathered import Gathered
    from compare.results import Comparison

IN_MESSAGE = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
IN_PROPERTY = (*IN_MESSAGE, (":", "%3A"), (",", "%2C"))


def to_annotations(comparison: Comparison) -> str:
    """A warning for what keeps an event loop, a notice for what else waits, each at the user's line that it is at."""
    comparison = escaped(comparison)
    return "".join(f"{line}\n" for line in _lines(comparison))


def _lines(comparison: Comparison) -> Iterator[str]:
    for run in comparison.runs:
        for gathered in gather(run.observation.findings if run.observation else ()):
            site = gathered.first.site
            if site is not None and site.owner == "user":
                yield _line(gathered, site.file, site.line)


def _line(gathered: Gathered, file: str, line: int) -> str:
    on_loop = gathered.first.place in LOOP_PLACES
    properties = {
        "file": relative(file),
        "line": str(line),
        "title": "the event loop is blocked" if on_loop else "a thread waits",
    }
    told = ",".join(f"{name}={_escaped(value, IN_PROPERTY)}" for name, value in properties.items())
    message = f"{milliseconds(gathered.total_ms)}: {what_all(gathered)}: {way_out(gathered.first)}"
    return f"::{'warning' if on_loop else 'notice'} {told}::{_escaped(message, IN_MESSAGE)}"


def _escaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for char, escape in escapes:
        text = text.replace(char, escape)
    return text
