"""`python -m compare list`: every variant with its idea, by kind, and why one can't run here."""

from __future__ import annotations

import shutil
import sys
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

from compare import catalogue
from compare.command.output import written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compare.catalogue import Scenario, Variant

NARROW = 60
"""With less room than this the idea stands below the name."""


def main(name: str | None) -> int:
    """Print them on standard output, and return the exit status."""
    scenarios = (catalogue.scenario_of(name),) if name else catalogue.scenarios()
    width = shutil.get_terminal_size().columns
    return written(sys.stdout, "\n".join(_listed(each, width) for each in scenarios), 0)


def _listed(scenario: Scenario, width: int) -> str:
    lines = [f"{scenario.name}: {scenario.heading}"]
    found = catalogue.variants(scenario.name)
    indent = max((len(variant.name) for variant in found), default=0) + 4
    for name, some in groupby(found, key=lambda variant: variant.name):
        idea, *reasons = _told(list(some))
        lines += _folded(name, idea, indent, width)
        lines += [line for reason in reasons for line in _folded("", reason, indent, width)]
    return "\n".join(lines) + "\n"


def _told(variants: Sequence[Variant]) -> Iterator[str]:
    """The idea and the backends of one recipe; then each reason why it can't run here."""
    backends = ", ".join(variant.backend for variant in variants if variant.backend)
    yield variants[0].idea + (f" [{backends}]" if backends else "")
    reasons: dict[str, list[str]] = {}
    for variant in variants:
        if variant.unavailable:
            reasons.setdefault(variant.unavailable, []).append(variant.backend or "")
    for reason, where in reasons.items():
        which = f"on {', '.join(where)} " if len(where) < len(variants) else ""
        yield f"can't run {which}here: {reason}"


def _folded(name: str, text: str, indent: int, width: int) -> list[str]:
    """A name and what is said of it, beside it or, in a narrow terminal, below."""
    beside = width >= NARROW
    margin = " " * (indent if beside else 4)
    first = f"  {name}".ljust(indent) if beside else margin
    folded = textwrap.wrap(text, max(20, width), initial_indent=first, subsequent_indent=margin, break_on_hyphens=False)
    return folded if beside or not name else [f"  {name}", *folded]
