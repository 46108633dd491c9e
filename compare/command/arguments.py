"""What `python -m compare` takes: its commands, and the options that all scenarios share beside their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare import catalogue
from compare.command import forms
from compare.scenarios.shared.argument_types import Parser, near, number, whole, with_help

if TYPE_CHECKING:
    from compare.catalogue import Scenario

BACKENDS = ("asyncio", "asyncio+uvloop", "trio", "none")
PROGRAM = "python -m compare"
EPILOG = """\
Results go to standard output, progress and notes to standard error.
Exit status: 0 when every row is ok or skipped, or starves because its model
does; 1 when one is not; 2 for a mistake in the arguments; 130 after Ctrl-C."""
OTHERS = {
    "list": ("name the variants, and why one can't run here", "list file"),
    "script": ("watch a program of yours: where does it wait?", "script app.py"),
    "claims": ("try seven claims about I/O models on this machine", "claims --only C7"),
}
"""The commands that compare nothing: what they do, and an example."""


def commands() -> dict[str, tuple[str, str]]:
    """Each command with what it does and a first thing to try."""
    return {each.name: (each.help, each.example) for each in catalogue.scenarios()} | OTHERS


def overview() -> str:
    """What `--help` says: each command with one example."""
    known = commands()
    lines = [f"usage: {PROGRAM} COMMAND [--help] ...", f"       {PROGRAM} --version", ""]
    lines += ["Run every way side by side, and show which thread waits where.", ""]
    width = max(map(len, known))
    for name, (does, example) in known.items():
        lines += [f"  {name:{width}}  {does}", f"    $ {PROGRAM} {example}"]
    return "\n".join([*lines, "", EPILOG, ""])


def version() -> str:
    """The installed distribution's version."""
    import importlib.metadata  # noqa: PLC0415  nothing else needs it

    return f"compare {importlib.metadata.version('async-io-cookbook')}"


def unknown(name: str) -> str:
    """What to say of a command that there is not."""
    known = commands()
    nearest = near(name, tuple(known)) or f": expected {', '.join(known)}"
    return with_help(f"there is no command {name}{nearest}", PROGRAM)


def listing() -> Parser:
    """What `list` takes."""
    parser = Parser(f"{PROGRAM} list", description="Name the variants, and why one can't run here.", epilog="")
    parser.add_argument("scenario", nargs="?", choices=catalogue.names(), help="of this scenario alone")
    return parser


def comparison(scenario: Scenario) -> Parser:
    """What a comparison takes: the scenario's own options first."""
    does = f"{scenario.help[0].upper()}{scenario.help[1:]}, and show which thread waits where."
    parser = Parser(f"{PROGRAM} {scenario.name}", description=does, epilog=EPILOG)
    scenario.add_options(parser)
    add = parser.add_argument
    yours = f"your own {scenario.calls}: pkg.module:function, path/file.py:function"
    add("variant", nargs="*", metavar="YOURS", help=yours)
    add("--only", nargs="+", default=[], metavar="NAME", help="these recipes alone; * and ? stand for anything")
    add("--backend", action="append", choices=BACKENDS, help="these backends alone; none: without an event loop")
    add("--repeat", type=whole(1), metavar="N", help="timed passes")
    add("--timeout", type=number(0.01), metavar="S", help="for each variant's passes")
    add("--quick", action="store_true", help="less work, in about half the time")
    add("--no-observe", action="store_true", help="leave out the observed passes, and the report of what blocks")
    _outputs(parser)
    return parser


def _outputs(parser: Parser) -> None:
    add = parser.add_argument
    add("--long", action="store_true", help="show a table with all figures instead of the summary")
    add("--timeline", action="store_true", help="draw each thread's time below the table")
    forms.add_options(parser)
    add("--markdown", action="store_true", help="print Markdown instead of the table")
