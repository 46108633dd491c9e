"""`python -m compare script`: from arguments to a program that is watched, and to what is told of it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from compare.command import output
from compare.results import PLACES, Place, Run
from compare.scenarios.script import attach, program, signals
from compare.scenarios.shared.argument_types import Parser, number, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

FOUND = 3
"""The exit status that `--fail-on` asked for."""
BUDGET = "of one processor that the observer may use, as far as the threshold allows (default: 5)"
EPILOG = """\
The program's standard streams, signals and exit status are its own. Exit status: the program's; 3 when --fail-on
names a place where something waited; 2 for a mistake in the arguments."""


def main(argv: Sequence[str]) -> int:
    """`python -m compare script …`: run or watch, tell, and return the exit status."""
    options = _parser().read(argv)
    words = options.module or options.program
    if (options.pid is None) is not bool(words):
        return output.complain("script: expected PATH or -m MODULE or --pid PID, one of them; see --help")
    if options.duration is not None and options.pid is None:
        return output.complain("script: --duration goes with --pid: a program that we start is watched until it ends")
    trouble = output.unwritable((options.json, options.csv, options.html, options.trace))
    if trouble is not None:
        return output.complain(trouble)
    started, status = output.now(), 0
    how = {"threshold_ms": options.threshold, "imports": options.imports, "share": options.budget / 100}
    try:
        if options.pid is not None:
            row = attach.watch(options.pid, duration_s=options.duration, **how)
        else:
            row, status = program.run(words, module=options.module is not None, **how)
    except program.ScriptError as error:
        return output.complain(str(error))
    try:
        told = _tell(row, options, ("python", "-m", "compare", "script", *argv), started)
    except Exception as error:  # noqa: BLE001  the program has ended: its exit status stands, whatever we do
        output.complain(f"script: what was seen can't be told, for a mistake of ours: {type(error).__name__}: {error}")
        told = 0 if options.pid is None else 1
    return told or signals.end_alike(status)


def _tell(row: Run, options: argparse.Namespace, command: tuple[str, ...], started: str) -> int:
    from compare.report import summary  # noqa: PLC0415  what tells is imported when there is something to tell

    told = summary.render(row, options.threshold, *output.screen(sys.stderr))
    output.written(sys.stderr, told + "\n", 0)
    comparison = output.described(command, started, (row,))
    status = output.filed(comparison, options, 0)
    if options.timeline:
        output.written(sys.stderr, output.lanes(comparison, sys.stderr), 0)
    findings = row.observation.findings if row.observation is not None else ()
    return FOUND if any(finding.place in options.fail_on for finding in findings) else status


def _parser() -> Parser:
    parser = Parser(
        "python -m compare script",
        usage="%(prog)s [options] PATH [ARG ...] | -m MODULE [ARG ...] | --pid PID",
        description="Run a Python program unchanged, and say on standard error where it waited.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("program", nargs=argparse.REMAINDER, metavar="PATH [ARG ...]", help="the program and its arguments")
    add("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="run a module, as python -m does")
    add("--pid", type=whole(1), metavar="PID", help="watch a running process until it ends, or until Ctrl-C")
    add("--duration", type=number(0.01), metavar="S", help="with --pid: watch for so many seconds")
    add("--threshold", type=number(1), default=10.0, metavar="MS", help="what counts, in milliseconds (default: 10)")
    add("--budget", type=number(0.1), default=100 * program.SHARE, metavar="PERCENT", help=BUDGET)
    add("--fail-on", type=_places, default=(), metavar="PLACE,…", help="exit status 3 when something waited there")
    add("--imports", action="store_true", help="count what a module's import waits for and computes on the loop, too")
    add("--timeline", action="store_true", help="draw each thread's time")
    for name, what in (("json", "JSON"), ("csv", "CSV"), ("html", "a page"), ("trace", "a trace for Perfetto")):
        add(f"--{name}", metavar="FILE", help=f"write {what}; - is standard output")
    add("--json-lanes", action="store_true", help="add lanes and notes to the JSON")
    return parser


def _places(text: str) -> tuple[Place, ...]:
    named = [place.strip() for place in text.split(",")]
    if "any" in named:
        return PLACES
    for place in named:
        if place not in PLACES:
            message = f"must be any, or some of {', '.join(PLACES)}, not {place or 'nothing'}"
            raise argparse.ArgumentTypeError(message)
    return tuple(place for place in PLACES if place in named)
