"""`python -m compare SCENARIO`: which variants are compared, and what is printed and written of them."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from compare import catalogue
from compare.catalogue.scenario import NoRoomError
from compare.command import forms
from compare.command.output import complain, console, described, lanes, now, unwritable, written
from compare.process.host import Host, Stopped
from compare.scenarios.shared.argument_types import near

if TYPE_CHECKING:
    from argparse import Namespace

    from compare.catalogue import Scenario, Variant
    from compare.results import Comparison

FINE = ("ok", "skipped", "starves")
"""Outcomes that are no failure: a server that starves though its model should not has failed."""


def main(scenario: Scenario, options: Namespace, command: tuple[str, ...]) -> int:
    """Compare, tell, and return the exit status."""
    try:
        variants = chosen(scenario, options)
    except catalogue.UnfitError as error:
        return complain(str(error))
    trouble = unwritable(forms.files(options))
    if trouble is not None:
        return complain(trouble)
    try:
        before = forms.earlier(options)
    except ValueError as error:
        return complain(str(error))
    from compare.report.terminal.live import Screen  # noqa: PLC0415  rich is not needed to complain

    started = now()
    try:
        with Host() as host, Screen() as screen:
            runs = scenario.compare(variants, options, host, screen)
    except Stopped as stopped:
        sys.stderr.write(f"compare: ended by {stopped}\n")
        return stopped.status
    except NoRoomError as error:
        return complain(str(error))
    comparison = described(command, started, runs)
    status = _told(comparison, options, 0 if all(run.outcome in FINE for run in runs) else 1)
    screen.tell_notes(runs)
    forms.changed(before, comparison)
    return status


def chosen(scenario: Scenario, options: Namespace) -> tuple[Variant, ...]:
    """The variants that were asked for: all recipes, or some of them, and the user's own.

    Raises:
        UnfitError: when one does not exist, does not fit, or none is left.
    """
    patterns = [name for name in options.only if ":" not in name]
    specs = [*options.variant, *(name for name in options.only if ":" in name)]
    found = catalogue.variants(scenario.name)
    names = {variant.name for variant in found}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            nearest = near(pattern, sorted(names)) or f"; python -m compare list {scenario.name} shows them all"
            message = f"--only {pattern}: there is no such recipe for {scenario.name}{nearest}"
            raise catalogue.UnfitError(message)
    if options.only:
        found = tuple(each for each in found if any(fnmatchcase(each.name, pattern) for pattern in patterns))
    for spec in specs:
        if ":" not in spec and (nearest := near(spec, sorted(names))):
            message = f"{spec}: a recipe is named after --only{nearest}"
            raise catalogue.UnfitError(message)
    own = [variant for spec in dict.fromkeys(specs) for variant in catalogue.from_user(spec, scenario.name)]
    variants = tuple(
        variant for variant in (*found, *own) if not options.backend or (variant.backend or "none") in options.backend
    )
    if not variants:
        message = f"nothing to compare: none of these runs on --backend {', '.join(options.backend or ['none'])}"
        raise catalogue.UnfitError(message)
    return variants


def _told(comparison: Comparison, options: Namespace, status: int) -> int:
    """Write every form that was asked for; standard output gets one of them."""
    status = forms.filed(comparison, options, status)
    if options.markdown:
        from compare.report.review.markdown import to_markdown  # noqa: PLC0415

        return written(sys.stdout, to_markdown(comparison), status)
    if "-" in forms.files(options):
        return status
    return written(sys.stdout, _drawn(comparison, long=options.long, timeline=options.timeline), status)


def _drawn(comparison: Comparison, *, long: bool, timeline: bool) -> str:
    """The summary or the whole table, and below it the timeline, as text with the terminal's colours, or with none."""
    from compare.report.terminal import overview, table  # noqa: PLC0415

    drawing, text = console(sys.stdout)
    drawn = None if long else overview.render(comparison, drawing.width)
    drawing.print(drawn or table.render(comparison, drawing.width), highlight=False, soft_wrap=True)
    return text.getvalue() + (lanes(comparison, sys.stdout) if timeline else "")
