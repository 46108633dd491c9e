"""What `compare script` tells while it watches: a screen, a summary every so many seconds, a log, recordings."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from compare.command import forms, output
from compare.scenarios.shared.argument_types import number

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from compare.results import Comparison, News, Run
    from compare.scenarios.script.follow import Hear, Rows

    Tell = Callable[[News, Rows], None]

LOST = "the observer has ended: nothing more is told until the end"
EVERY = "print a short summary on standard error every so many seconds, too: how late each loop was, what was found"
LOG = "append each stall over the threshold to a file when it ends, as a line of JSON; - is standard output"


LIVE = (
    "show a screen like top's while it runs: each loop's lateness, and the findings of the last ten seconds; a program"
    " that is started gets no input from the terminal then, and what it prints is shown after its end. Without a"
    " terminal, as --every"
)
RECORD = (
    "keep the lanes and findings of the last so many seconds, and write a page and a trace of them at SIGUSR2 to this"
    " process (not to the program), when a loop was held for --dump-over, and at the end. In memory: 60,000 intervals"
    " at most, some 15 MiB; when there are more, short ones that are old are merged. On disk: some MiB for each"
)
DUMP_OVER = (
    "with --record: write when a loop was held for so long, in milliseconds; once in S seconds, and 20 times in all"
)
RECORD_IN = "with --record: the directory that is written to (default: the current one)"
OUTPUT = "with --live: write what the program prints to a file instead"
EVERY_S = 10.0
"""How often a summary is printed where no screen can be shown."""


def add_options(parser: ArgumentParser) -> None:
    """Add what is told while a program is watched."""
    parser.add_argument("--live", action="store_true", help=LIVE)
    parser.add_argument("--output", metavar="FILE", help=OUTPUT)
    parser.add_argument("--every", type=number(0.1), metavar="S", help=EVERY)
    parser.add_argument("--log", metavar="FILE", help=LOG)
    parser.add_argument("--record", type=number(1), metavar="S", help=RECORD)
    parser.add_argument("--dump-over", type=number(1), metavar="MS", help=DUMP_OVER)
    parser.add_argument("--record-in", type=Path, metavar="DIR", help=RECORD_IN)


def files(options: Namespace) -> tuple[str, ...]:
    """The names of the files that are written to meanwhile; `-` is standard output."""
    return tuple(name for name in (options.log, options.output) if name)


def contradiction(options: Namespace) -> str | None:
    """What is wrong with the arguments together, in one line; or `None`."""
    if options.output and (not options.live or options.pid is not None):
        return "script: --output goes with --live, and a program that we start: another's output can't be redirected"
    if options.record is None and (options.dump_over is not None or options.record_in is not None):
        return "script: --dump-over and --record-in go with --record S: the last how many seconds?"
    if options.record_in is not None and not (options.record_in.is_dir() and os.access(options.record_in, os.W_OK)):
        return f"script: --record-in must be a directory that can be written to, not {options.record_in}"
    return None


class Meanwhile:
    """Tells what was asked for; use it as a context manager.

    Raises:
        OSError: on entering, when a file can't be opened.
    """

    def __init__(self, options: Namespace, described: Callable[[Run], Comparison]) -> None:
        """Open nothing yet; `described` makes a comparison of a row as it is by then."""
        self._options, self._described = options, described
        self._stack = ExitStack()
        self._note: Callable[[str], object] = lambda text: output.written(sys.stderr, f"compare: {text}\n", 0)
        self._tellers: list[Tell] = []
        self.streams: dict[int, int] = {}
        """Which descriptors of ours a program that we start gets as its 0, 1 and 2."""
        self.taken: dict[signal.Signals, Callable[[], None]] = {}
        """Signals to us that are for us, and what is done then."""

    def __enter__(self) -> Self:
        """Open what is written to."""
        try:
            self._open(self._options)
        except BaseException:
            self._stack.close()
            raise
        return self

    def _open(self, options: Namespace) -> None:
        if options.log:
            self._tellers.append(self._stack.enter_context(_Log(options.log, options.threshold)))
        has_screen = options.live and self._open_screen(options)
        if (options.live or options.every) and not has_screen:
            self._tellers.append(_every(options.every or EVERY_S, options.threshold))
        if options.record:
            self._record(options)

    def _record(self, options: Namespace) -> None:
        from compare.command.record import Recorder  # noqa: PLC0415  imported when it is asked for

        folder = options.record_in or Path()
        recorder = Recorder(folder, options.dump_over, options.record, self._described, self._note)
        if sys.platform != "win32" and hasattr(signal, "SIGUSR2"):
            self.taken[signal.SIGUSR2] = recorder.is_asked.set
        self._tellers.append(recorder)

    def _open_screen(self, options: Namespace) -> bool:
        """Whether there is a terminal that can show one."""
        from compare.command import live, terminal  # noqa: PLC0415  imported when it is asked for

        descriptor = terminal.ours()
        if descriptor is None:
            return False
        if options.pid is None:
            self.streams = self._stack.enter_context(live.Streams(options.output)).moved
        named = ("-c",) if options.code else options.module or options.program
        title = f"process {options.pid}" if options.pid is not None else " ".join(named)
        screen = live.Live(descriptor, title, options.threshold, lambda row: forms.page(self._described(row)))
        self._tellers.append(self._stack.enter_context(screen))
        self._note = screen.note
        return True

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._stack.close()

    @property
    def hear(self) -> Hear | None:
        """What takes the news; `None` where nobody wants them."""
        return self._hear if self._tellers else None

    def _hear(self, news: News | None, rows: Rows) -> None:
        if news is None:
            self._note(LOST)
            return
        for tell in self._tellers:
            tell(news, rows)


class _Log:
    """Each line is one write to a file that was opened to append: others may write to it, or cut it off, meanwhile."""

    def __init__(self, name: str, threshold_ms: float) -> None:
        from compare.report.watch import log  # noqa: PLC0415  imported when it is asked for

        self._name, self._line = name, log.line
        self._is_logged = partial(log.is_logged, threshold_ms=threshold_ms)
        self._descriptor = -1
        self._has_failed = False

    def __enter__(self) -> Self:
        if self._name != "-":
            self._descriptor = os.open(self._name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def __call__(self, news: News, _: Rows) -> None:
        for stall in filter(self._is_logged, news.stalls):
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


def _every(seconds: float, threshold_ms: float) -> Tell:
    from compare.report.watch.periodic import Periodic  # noqa: PLC0415  imported when it is asked for

    periodic = Periodic(seconds, threshold_ms)

    def tell(news: News, _: Rows) -> None:
        output.written(sys.stderr, periodic.hear(news, output.screen(sys.stderr).columns), 0)

    return tell
