"""What `compare script` tells while it watches: a summary every so many seconds, and each stall in a log."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from compare.command import output
from compare.scenarios.shared.argument_types import number

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from compare.results import News

EVERY = "print a short summary on standard error every so many seconds, too: how late each loop was, what was found"
LOG = "append each stall over the threshold to a file when it ends, as a line of JSON; - is standard output"


def add_options(parser: ArgumentParser) -> None:
    """Add what is told while a program is watched."""
    parser.add_argument("--every", type=number(0.1), metavar="S", help=EVERY)
    parser.add_argument("--log", metavar="FILE", help=LOG)


def files(options: Namespace) -> tuple[str, ...]:
    """The names of the files that are written to meanwhile; `-` is standard output."""
    return (options.log,) if options.log else ()


class Meanwhile:
    """Tells what was asked for; use it as a context manager.

    Raises:
        OSError: on entering, when a file can't be opened.
    """

    def __init__(self, options: Namespace) -> None:
        """Open nothing yet."""
        self._options = options
        self._stack = ExitStack()
        self._tellers: list[Callable[[News], None]] = []

    def __enter__(self) -> Self:
        """Open what is written to."""
        options = self._options
        if options.log:
            self._tellers.append(self._stack.enter_context(_Log(options.log)))
        if options.every:
            self._tellers.append(_every(options.every, options.threshold))
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._stack.close()

    @property
    def hear(self) -> Callable[[News], None] | None:
        """What takes the news; `None` where nobody wants them."""
        return self._hear if self._tellers else None

    def _hear(self, news: News) -> None:
        for tell in self._tellers:
            tell(news)


class _Log:
    """Each line is one write to a file that was opened to append: others may write to it, or cut it off, meanwhile."""

    def __init__(self, name: str) -> None:
        from compare.report import log  # noqa: PLC0415  imported when it is asked for

        self._name, self._line = name, log.line
        self._descriptor = -1
        self._has_failed = False

    def __enter__(self) -> Self:
        if self._name != "-":
            self._descriptor = os.open(self._name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def __call__(self, news: News) -> None:
        for stall in news.stalls:
            if self._descriptor < 0:
                output.written(sys.stdout, self._line(stall), 0)
            else:
                self._write(self._line(stall).encode())

    def _write(self, line: bytes) -> None:
        try:
            os.write(self._descriptor, line)
        except OSError as error:
            if not self._has_failed:
                output.complain(f"can't write {self._name}: {error.strerror}; the watch goes on")
            self._has_failed = True


def _every(seconds: float, threshold_ms: float) -> Callable[[News], None]:
    from compare.report.periodic import Periodic  # noqa: PLC0415  imported when it is asked for

    periodic = Periodic(seconds, threshold_ms)

    def tell(news: News) -> None:
        output.written(sys.stderr, periodic.hear(news, output.screen(sys.stderr).columns), 0)

    return tell
