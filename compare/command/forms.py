"""The files that results are written to: one option a form, the same for every command that has results."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.command.output import save, written

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from compare.report.review.baseline import Difference
    from compare.results import Comparison

# What makes a form is imported when it is asked for: a template engine and a schema take their time.
# ruff: noqa: PLC0415


def _json(comparison: Comparison, options: Namespace) -> str:
    from compare.report.data.json import dumps

    return dumps(comparison, lanes=options.json_lanes)


def _csv(comparison: Comparison, _: Namespace) -> str:
    from compare.report.data.csv import to_csv

    return to_csv(comparison)


def page(comparison: Comparison) -> str:
    """The page that needs no network, with the code around each line as it is on the disk."""
    from compare.report.page import html, source

    return html.to_html(comparison, context=source.lines_around, code=source.lines_of)


def _html(comparison: Comparison, _: Namespace) -> str:
    return page(comparison)


def trace(comparison: Comparison) -> str:
    """The trace for Perfetto."""
    from compare.report.profiles.trace import to_trace

    return json.dumps(to_trace(comparison))


def _trace(comparison: Comparison, _: Namespace) -> str:
    return trace(comparison)


def _recording(comparison: Comparison, _: Namespace) -> str:
    from compare.report.page import recording, source

    return json.dumps(recording.to_recordings(comparison, source.lines_of), separators=(",", ":"))


def _speedscope(comparison: Comparison, _: Namespace) -> str:
    from compare.report.profiles.speedscope import to_speedscope

    return json.dumps(to_speedscope(comparison))


def _firefox(comparison: Comparison, _: Namespace) -> str:
    from compare.report.profiles.firefox import to_firefox

    return json.dumps(to_firefox(comparison))


def _collapsed(comparison: Comparison, _: Namespace) -> str:
    from compare.report.profiles.collapsed import to_collapsed

    return to_collapsed(comparison)


def _sarif(comparison: Comparison, _: Namespace) -> str:
    from compare.report.review.sarif import to_sarif

    return json.dumps(to_sarif(comparison), indent=1)


@dataclass(frozen=True, slots=True)
class Form:
    """One form of the results: its option's name, what it is, and the text of the file."""

    name: str
    what: str
    text: Callable[[Comparison, Namespace], str]


FORMS = (
    Form("json", "JSON", _json),
    Form("csv", "CSV", _csv),
    Form("html", "a page that needs no network", _html),
    Form("recording", "each thread's line over time, with the code: what the page plays", _recording),
    Form("trace", "a trace for Perfetto", _trace),
    Form("speedscope", "stacks that waited, for speedscope", _speedscope),
    Form("firefox", "the same with a marker for each wait, for the Firefox Profiler", _firefox),
    Form("collapsed", "the same as lines, for flamegraph.pl", _collapsed),
    Form("sarif", "findings as SARIF 2.1.0, for code scanning", _sarif),
)


def add_options(parser: ArgumentParser) -> None:
    """Add an option for each form, and what is told of an earlier run."""
    for form in FORMS:
        parser.add_argument(f"--{form.name}", metavar="FILE", help=f"write {form.what}; - is standard output")
        if form.name == "json":
            parser.add_argument("--json-lanes", action="store_true", help="add lanes and notes to the JSON")
    notes = "print a warning for GitHub at each line that blocks a loop, a notice at each that waits elsewhere"
    parser.add_argument("--annotations", action="store_true", help=notes)
    since = "tell what changed since an earlier run, whose --json this is, and more than noise"
    parser.add_argument("--baseline", metavar="FILE", help=since)


def files(options: Namespace) -> tuple[str, ...]:
    """The names of the files that were asked for; `-` is standard output."""
    named = (getattr(options, form.name) for form in FORMS)
    return tuple(name for name in named if name)


def earlier(options: Namespace) -> Comparison | None:
    """The run that this one is held against, if it is.

    Raises:
        ValueError: it can't be read; the message is one line.
    """
    if options.baseline is None:
        return None
    from compare.report.review.baseline import read

    return read(options.baseline)


def changed(before: Comparison | None, after: Comparison) -> list[Difference]:
    """Tell on standard error what changed since an earlier run; returns it."""
    if before is None:
        return []
    from compare.report.review.baseline import differences, render

    found = differences(before, after)
    written(sys.stderr, render(before, after, found), 0)
    return found


def filed(comparison: Comparison, options: Namespace, status: int) -> int:
    """Write the files that were asked for; returns the exit status."""
    for form in FORMS:
        if name := getattr(options, form.name):
            status = save(name, form.text(comparison, options), status)
    if options.annotations:
        from compare.report.review.annotations import to_annotations

        written(sys.stderr, to_annotations(comparison), 0)
    return status
