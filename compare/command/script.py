"""`python -m compare script`: from arguments to a program that is watched, and to what is told of it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from compare.command import forms, meanwhile, output
from compare.results import PLACES, Place, Run
from compare.scenarios.script import attach, ended, program
from compare.scenarios.shared.argument_types import Parser, number, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.report.review import ruff_findings
    from compare.results import Comparison

FOUND = 3
"""The exit status that `--fail-on` asked for."""
BUDGET = "of one processor that the observer may use, as far as the threshold allows (default: 5)"
PID = (
    "watch a running process until it ends, or until Ctrl-C; needs the right to trace it: your own where"
    " kernel.yama.ptrace_scope is 0 or not there, else root or CAP_SYS_PTRACE"
)
OUTSIDE = (
    "with --pid: let no agent into the process. Without this one comes into those that run Python 3.14 or later, by"
    " sys.remote_exec, and leaves at the end"
)
FAIL_ON = "exit status 3 when something waited there; new, new:PLACE: when it did not in the --baseline"
RUFF = "say which of ruff's ASYNC findings waited: FILE is what `ruff check --output-format json --select ASYNC` prints"
EPILOG = """\
The program's standard streams, signals and exit status are its own.
Exit status: the program's; 3 when --fail-on names a place where something
waited; 2 for a mistake in the arguments."""


@dataclass(frozen=True, slots=True)
class FailOn:
    """The places that end a run with status 3: where something waited, and where something did that is new."""

    places: tuple[Place, ...] = ()
    new: tuple[Place, ...] = ()


def main(argv: Sequence[str]) -> int:
    """`python -m compare script …`: run or watch, tell, and return the exit status."""
    options = _parser().read(argv)
    trouble = _contradiction(options) or output.unwritable((*forms.files(options), *meanwhile.files(options)))
    if trouble is not None:
        return output.complain(trouble)
    try:
        before = forms.earlier(options)
        linted = _linted(options.ruff)
    except ValueError as error:
        return output.complain(str(error))
    started, status, command = output.now(), 0, ("python", "-m", "compare", "script", *argv)
    how = {"threshold_ms": options.threshold, "imports": options.imports, "share": options.budget / 100}
    try:
        with meanwhile.Meanwhile(options, partial(_described, command, started)) as telling:
            how |= {"hear": telling.hear, "taken": telling.taken, "keep_s": options.record}
            if options.pid is not None:
                row = attach.watch(options.pid, duration_s=options.duration, enters=not options.outside, **how)
            else:
                flag: program.Flag = "-m" if options.module else "-c" if options.code else ""
                row, status = program.run(_named(options), flag=flag, streams=telling.streams, **how)
    except program.ScriptError as error:
        return output.complain(str(error))
    except OSError as error:
        return output.complain(f"can't write {error.filename}: {error.strerror}")
    try:
        told = _tell(row, options, (command, started), before, linted)
    except Exception as error:  # noqa: BLE001  the program has ended: its exit status stands, whatever we do
        output.complain(f"script: what was seen can't be told, for a mistake of ours: {type(error).__name__}: {error}")
        told = 0 if options.pid is None else 1
    return told or ended.end_alike(status)


def _named(options: argparse.Namespace) -> list[str]:
    """The program and its arguments; empty where a process is named instead."""
    named: list[str] = options.module or options.code or options.program
    return named[1:] if named[:1] == ["--"] else named  # as Python itself has it: what follows is no option


def _contradiction(options: argparse.Namespace) -> str | None:
    """What is wrong with the arguments together, in one line; or `None`."""
    if (options.pid is None) is not bool(_named(options)):
        return "script: expected PATH or -m MODULE or -c CODE or --pid PID, one of them; see --help"
    if options.fail_on.new and options.baseline is None:
        return "script: --fail-on new goes with --baseline FILE: new since which run?"
    if options.outside and options.pid is None:
        return "script: --outside goes with --pid: into a program that we start the agent comes at its start"
    if options.duration is not None and options.pid is None:
        return "script: --duration goes with --pid: a program that we start is watched until it ends"
    return meanwhile.contradiction(options)


def _described(command: tuple[str, ...], started: str, row: Run) -> Comparison:
    return output.described(command, started, (row,))


def _linted(name: str | None) -> tuple[ruff_findings.Told, ...] | None:
    """What ruff found, if that is to be held against the run; raises `ValueError` with one line."""
    if name is None:
        return None
    from compare.report.review import ruff_findings  # noqa: PLC0415  as below

    return ruff_findings.read(name)


def _tell(
    row: Run,
    options: argparse.Namespace,
    run: tuple[tuple[str, ...], str],
    before: Comparison | None,
    linted: tuple[ruff_findings.Told, ...] | None,
) -> int:
    from compare.report.terminal import summary  # noqa: PLC0415  what tells is imported when there is something to tell

    told = summary.render(row, options.threshold, *output.screen(sys.stderr))
    output.written(sys.stderr, told + "\n", 0)
    if row.observation is not None:
        output.written(sys.stderr, "".join(f"compare: {note}\n" for note in row.notes), 0)
    comparison = output.described(*run, (row,))
    status = forms.filed(comparison, options, 0)
    if options.timeline:
        output.written(sys.stderr, output.lanes(comparison, sys.stderr), 0)
    changed = forms.changed(before, comparison)
    findings = row.observation.findings if row.observation is not None else ()
    if linted is not None and row.observation is not None:
        from compare.report.review import ruff_findings  # noqa: PLC0415  as above

        output.written(sys.stderr, ruff_findings.render(linted, findings, options.threshold), 0)
    new = [each.findings.first for each in changed if each.change == "new"]
    wanted: FailOn = options.fail_on
    is_found = any(each.place in wanted.places for each in findings) or any(each.place in wanted.new for each in new)
    return FOUND if is_found else status


def _parser() -> Parser:
    parser = Parser(
        "python -m compare script",
        usage="%(prog)s [options] PATH [ARG ...] | -m MODULE [ARG ...]\n"
        "                                  | -c CODE [ARG ...] | --pid PID",
        description="Run a Python program unchanged, and say on standard error where it waited.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("program", nargs=argparse.REMAINDER, metavar="PATH [ARG ...]", help="the program and its arguments")
    add("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="run a module, as python -m does")
    add("-c", dest="code", nargs=argparse.REMAINDER, metavar="CODE", help="run code, as python -c does")
    add("--pid", type=whole(1), metavar="PID", help=PID)
    add("--duration", type=number(0.01), metavar="S", help="with --pid: watch for so many seconds")
    add("--outside", action="store_true", help=OUTSIDE)
    add("--threshold", type=number(1), default=10.0, metavar="MS", help="what counts, in milliseconds (default: 10)")
    add("--budget", type=number(0.1), default=100 * program.SHARE, metavar="PERCENT", help=BUDGET)
    add("--fail-on", type=_fail_on, default=FailOn(), metavar="PLACE,…", help=FAIL_ON)
    add("--imports", action="store_true", help="count what a module's import waits for and computes on the loop, too")
    meanwhile.add_options(parser)
    add("--ruff", metavar="FILE", help=RUFF)
    add("--timeline", action="store_true", help="draw each thread's time")
    forms.add_options(parser)
    return parser


def _fail_on(text: str) -> FailOn:
    named = [place.strip() for place in text.split(",")]
    new = [place.removeprefix("new").removeprefix(":") or "any" for place in named if place.partition(":")[0] == "new"]
    return FailOn(_places([place for place in named if place.partition(":")[0] != "new"]), _places(new))


def _places(named: list[str]) -> tuple[Place, ...]:
    if "any" in named:
        return PLACES
    for place in named:
        if place not in PLACES:
            message = f"must be any, new, new:PLACE, or some of {', '.join(PLACES)}, not {place or 'nothing'}"
            raise argparse.ArgumentTypeError(message)
    return tuple(place for place in PLACES if place in named)
