"""`python -m compare`: arguments, and nothing else; what they ask for is imported when it is asked for."""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # imports take time, and a traceback tells nobody anything

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BACKENDS = ("asyncio", "asyncio+uvloop", "trio", "none")
STATES = ("warm", "cold", "slow")
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
UNITS |= {"K": 2**10, "M": 2**20, "G": 2**30}
EPILOG = """\
Results go to standard output, progress and notes to standard error. Exit status: 0 when every row is ok or skipped,
1 when one is not, 2 for a mistake in the arguments, 130 after Ctrl-C."""


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"compare: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments ask for, and return the exit status."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if argv[:1] == ["script"]:
        from compare.scenarios.script import program as script  # noqa: PLC0415

        return script.main(argv[1:])
    if argv[:1] == ["claims"]:
        from compare.scenarios import claims  # noqa: PLC0415

        signal.signal(signal.SIGINT, signal.default_int_handler)
        return claims.main(argv[1:])
    options = _parser().parse_args(argv)
    if options.command == "list":
        from compare.command import listing  # noqa: PLC0415

        return listing.main(options.scenario)
    from compare.command import comparison as command  # noqa: PLC0415

    return command.main(options, ("python", "-m", "compare", *argv))


def _parser() -> Parser:
    parser = Parser(
        "python -m compare",
        description="Run every way to read files or serve a TCP echo side by side, and show which thread waits where.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="file|net|list|script|claims")
    _file(commands.add_parser("file", help="read files with every variant", epilog=EPILOG, allow_abbrev=False))
    _net(commands.add_parser("net", help="serve a TCP echo with every variant", epilog=EPILOG, allow_abbrev=False))
    listing = commands.add_parser("list", help="name the variants, and why one can't run here", allow_abbrev=False)
    listing.add_argument("scenario", nargs="?", choices=("file", "net"), help="of this scenario alone")
    commands.add_parser("script", help="watch a program of yours: where does it wait?", add_help=False)
    commands.add_parser("claims", help="try seven claims about I/O models on this machine", add_help=False)
    return parser


def _file(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--state", action="append", type=_states, metavar="STATE", help="warm, cold, slow (default: all three)")
    add("--files", type=whole(1), metavar="N", help="how many files (default: 64 warm, 32 cold, 8 slow)")
    add("--size", type=_size, metavar="BYTES", help="of each, e.g. 4096, 64KiB (default: 64KiB; cold 128KiB)")
    add("--delay", type=number(0), metavar="MS", help="how late a FIFO delivers in slow (default: 50)")
    add("--path", nargs="+", default=[], metavar="FILE", help="read these files instead of made ones")
    _common(parser, "read_files(paths)")


def _net(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--load", choices=("busy", "hold"), default="busy", help="ping-pong, or silent clients and one that asks")
    add("--clients", type=whole(1), metavar="N", help="connections (default: 64)")
    add("--message", type=_size, default=1024, metavar="BYTES", help="of each message (default: 1KiB)")
    add("--seconds", type=number(0.01), metavar="S", help="how long the load lasts (default: 0.7)")
    add("--cpus", type=whole(1), default=1, metavar="N", help="processors for server and clients together (default: 1)")
    add("--no-pin", action="store_true", help="let the system choose processors")
    add("--malloc", choices=("pinned", "default"), default="pinned", help="glibc's thresholds in the servers")
    _common(parser, "serve(listener)")


def _common(parser: argparse.ArgumentParser, contract: str) -> None:
    add = parser.add_argument
    add("variant", nargs="*", metavar="YOURS", help=f"your own {contract}: pkg.module:function, path/file.py:function")
    add("--only", nargs="+", default=[], metavar="NAME", help="these recipes alone; * and ? stand for anything")
    add("--backend", action="append", choices=BACKENDS, help="these backends alone; none: without an event loop")
    add("--repeat", type=whole(1), metavar="N", help="timed passes")
    add("--timeout", type=number(0.01), metavar="S", help="for each variant's passes")
    add("--quick", action="store_true", help="less work, in a third of the time")
    add("--no-observe", action="store_true", help="leave out the observed passes, and with them where it waits")
    add("--timeline", action="store_true", help="draw each thread's time below the table")
    for name, what in (("json", "JSON"), ("csv", "CSV")):
        add(f"--{name}", metavar="FILE", help=f"write {what}; - is standard output, instead of the table")
    add("--json-lanes", action="store_true", help="add lanes and notes to the JSON")
    add("--html", metavar="FILE", help="write a page that needs no network")
    add("--trace", metavar="FILE", help="write a trace for Perfetto")
    add("--markdown", action="store_true", help="print Markdown instead of the table")


def whole(least: int) -> Callable[[str], int]:
    """A type of argument: a whole number, `least` or more."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            message = f"must be {least} or more, not {text}"
            raise argparse.ArgumentTypeError(message)
        return value

    return convert


def number(least: float) -> Callable[[str], float]:
    """A type of argument: a number, `least` or more."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            message = f"must be {least:g} or more, not {text}"
            raise argparse.ArgumentTypeError(message)
        return value

    return convert


def _size(text: str) -> int:
    digits = text.rstrip("BKMGIbkmgi ")
    unit = UNITS.get(text[len(digits) :].strip().upper())
    try:
        count = float(digits) * (unit or 0)
    except ValueError:
        count = 0
    if unit is None or count < 1 or count != int(count):
        message = f"must be a number of bytes, such as 4096, 64KiB or 1MiB, not {text}"
        raise argparse.ArgumentTypeError(message)
    return int(count)


def _states(text: str) -> list[str]:
    states = [state.strip() for state in text.split(",")]
    for state in states:
        if state not in STATES:
            message = f"must be warm, cold or slow, not {state or 'nothing'}"
            raise argparse.ArgumentTypeError(message)
    return states


if __name__ == "__main__":
    sys.exit(main())
