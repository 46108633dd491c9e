"""`python -m compare list`: every variant with its idea, and why one can't run here."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING

from compare import catalogue
from compare.command.output import written

if TYPE_CHECKING:
    from compare.catalogue import Scenario


def main(scenario: Scenario | None) -> int:
    """Print them on standard output, and return the exit status."""
    scenarios: tuple[Scenario, ...] = (scenario,) if scenario else ("file", "net")
    return written(sys.stdout, "\n".join(_listed(each) for each in scenarios), 0)


def _listed(scenario: Scenario) -> str:
    lines = [f"{scenario}:"]
    found = catalogue.variants(scenario)
    width = max((len(variant.name) for variant in found), default=0)
    for name, some in groupby(found, key=lambda variant: variant.name):
        variants = list(some)
        idea = variants[0].idea
        backends = ", ".join(variant.backend for variant in variants if variant.backend)
        lines.append(f"  {name:{width}}  {idea}" + (f" [{backends}]" if backends else ""))
        reasons: dict[str, list[str]] = {}
        for variant in variants:
            if variant.unavailable:
                reasons.setdefault(variant.unavailable, []).append(variant.backend or "")
        for reason, where in reasons.items():
            which = f"on {', '.join(where)} " if len(where) < len(variants) else ""
            lines.append(f"  {'':{width}}  can't run {which}here: {reason}")
    return "\n".join(lines) + "\n"
