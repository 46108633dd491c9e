"""`python -m benchmarks file|net|write|serve|pipes|observer|accuracy`: arguments only."""

from __future__ import annotations

import argparse
import importlib
import random
import signal
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import output
from benchmarks.measure import UnavailableError
from benchmarks.others import Others
from compare.process.groups import ENDING
from compare.process.host import Stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import FrameType

    from benchmarks.measure import Case

BENCHMARKS = {
    "file": "read files, beside aiofiles, anyio, trio, urio and the disk itself",
    "net": "serve a TCP echo, beside the libraries' own examples and a server in C; then 10,000 connections",
    "write": "write streams to files, beside aiofiles, anyio, trio and a plain loop",
    "serve": "serve files over HTTP, beside nginx and a server in C; then files that are not in memory",
    "pipes": "talk to child processes, beside what the libraries' documentation shows",
    "observer": "what being observed costs a busy server, beside strace and other detectors",
    "accuracy": "what the observer says of known waits, beside what strace says",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for.

    Attributes:
        quick: less of everything, in seconds instead of minutes.
        rounds: how often each is measured.
        only: the works, or parts of their names, to be measured; empty: all.
        rows: who is measured, by parts of their names, beside the limits; empty: all.
        seed: of the order in each round.
    """

    quick: bool
    rounds: int
    only: tuple[str, ...]
    rows: tuple[str, ...] = ()
    seed: int = 0

    @property
    def chooser(self) -> random.Random:
        """The source of the order in each round."""
        return random.Random(self.seed)

    def wants(self, name: str) -> bool:
        """Whether a work is to be measured."""
        return not self.only or any(part in name for part in self.only)

    def among(self, cases: Iterable[Case]) -> list[Case]:
        """Those that are to be measured."""
        return [
            case
            for case in cases
            if not self.rows or case.kind == "limit" or any(part in case.name for part in self.rows)
        ]


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A signal that asks this process to end raises `Stopped`: servers go with it, and all temporary files.

    These lie in one folder of our own, made before a signal raises anything and removed when none does any more: a
    signal just after a folder was made, before anybody knows of it, would leave it. The first signal counts.
    """
    came: list[int] = []
    raises = False

    def stop(signum: int, _frame: FrameType | None) -> None:
        nonlocal raises
        came.append(signum)
        if raises:
            raises = False
            raise Stopped(signum)

    handlers = {signum: signal.signal(signum, stop) for signum in ENDING}
    usual = tempfile.tempdir
    try:
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
            tempfile.tempdir = folder
            try:
                raises = True
                if came:
                    raise Stopped(came[0])
                yield
            finally:
                raises = False
        if came:
            raise Stopped(came[0])
    finally:
        tempfile.tempdir = usual
        for signum, handler in handlers.items():
            signal.signal(signum, handler)


def main(argv: Sequence[str]) -> int:
    """Run one benchmark; return the exit status: 2 for what can't be asked, 1 when a byte was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast, side by side.")
    commands = parser.add_subparsers(dest="benchmark", metavar="|".join(BENCHMARKS), required=True)
    for name, what in BENCHMARKS.items():
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument("--quick", action="store_true", help="less of everything: seconds instead of minutes")
        command.add_argument("--rounds", type=int, metavar="N", help="how often each is measured (9; quick: 3)")
        command.add_argument("--only", metavar="NAME[,NAME]", default="", help="only works with this in their name")
        command.add_argument("--rows", metavar="NAME[,NAME]", default="", help="only rows with this in their name")
        command.add_argument("--json", metavar="FILE", help="write the figures there too; - for standard output alone")
        command.add_argument("--seed", type=int, default=0, metavar="N", help="of the random order in each round")
    asked = parser.parse_args(argv)
    if asked.rounds is not None and asked.rounds < 1:
        parser.error(f"--rounds must be 1 or more, not {asked.rounds}")
    module = importlib.import_module(f"benchmarks.{asked.benchmark}")
    only = tuple(filter(None, asked.only.split(",")))
    known: tuple[str, ...] = module.WORKS
    for name in only:
        if not any(name in work for work in known):
            parser.error(f"--only must be part of one of {', '.join(known)}, not {name}")
    rows_ = tuple(filter(None, asked.rows.split(",")))
    options = Options(asked.quick, asked.rounds or (3 if asked.quick else 9), only, rows_, asked.seed)
    try:
        with ended_by_signals():
            others = Others()
            rows = module.measure(options)
            used = others.processors()
    except Stopped as stop:
        return stop.status
    except UnavailableError as error:
        print(f"{parser.prog} {asked.benchmark}: {error}", file=sys.stderr)
        return 2
    if asked.json != "-":
        print("\n\n".join(filter(None, (output.table(rows), output.busy(used)))))
    if asked.json:
        output.write(output.document(asked.benchmark, rows, used), asked.json)
    return int(any(row.note.startswith("WRONG") for row in rows))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
