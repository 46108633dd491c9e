"""`compare script --live`: the screen while the program runs, and what the program prints meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from compare.command import output
from compare.command.terminal import Terminal
from compare.observe.kernel.linux_calls import pread
from compare.report.watch.watch_screen import WatchScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import News, Run
    from compare.scenarios.script.follow import Rows


MOST_NOTES = 50
"""How many of what was noted on the screen are said again at the end."""


class Live:
    """The screen on our terminal, from the first news on; use it as a context manager."""

    def __init__(self, descriptor: int, title: str, threshold_ms: float, page: Callable[[Run], str]) -> None:
        """Draw nothing yet.

        Args:
            descriptor: the terminal's; ours from now on.
            title: what is watched.
            threshold_ms: what counts.
            page: makes the report that `w` writes.
        """
        self._terminal = Terminal(descriptor, self._press)
        self._screen = WatchScreen(title, threshold_ms, ascii_only=self._terminal.is_ascii)
        self._page = page
        self._lock = threading.Lock()
        self._notes: deque[str] = deque(maxlen=MOST_NOTES)

    def __enter__(self) -> Self:
        """Wait for news: what is said until then stays on the terminal."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        self._terminal.close()
        output.written(sys.stderr, "".join(f"compare: {note}\n" for note in self._notes), 0)
        if self._terminal.trouble is not None:
            output.complain(f"--live: keys were no longer read: {self._terminal.trouble}")

    def __call__(self, news: News, rows: Rows) -> None:
        """Take what is new, in the thread that follows the watch."""
        try:
            with self._lock:
                self._screen.hear(news)
                wants_report, self._screen.wants_report = self._screen.wants_report, False
            if wants_report:
                self._write(rows.so_far())
            self._draw()
        except BaseException:
            self._terminal.close()  # a screen that nobody draws on is in the way
            raise

    def _press(self, key: str) -> None:
        """Take a key, in the thread that reads them."""
        with self._lock:
            self._screen.key(key)
            wants_end, self._screen.wants_end = self._screen.wants_end, False
        if wants_end:
            os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C: it ends the watch, or the program that we started
        self._draw()

    def _draw(self) -> None:
        with self._lock:
            self._terminal.draw(self._screen.lines)

    def note(self, text: str) -> None:
        """Show a line above the keys, and say it again once the terminal is given back."""
        self._screen.note = text
        self._notes.append(text)
        self._draw()

    def _write(self, run: Run) -> None:
        name = time.strftime("compare-%Y%m%d-%H%M%S.html")
        try:
            Path(name).write_text(self._page(run), "utf-8")
            note = f"{name} is written"
        except OSError as error:
            note = f"can't write {name}: {error.strerror}"
        self.note(note)


class Streams:
    """What a program that we start gets instead of our terminal, where it would write over the screen.

    Its input is empty; its output goes to a file, or is kept back and shown at the end.
    """

    def __init__(self, name: str | None) -> None:
        """Take the file's name; `None`: what it prints is kept back."""
        self._name = name
        self._stack = ExitStack()
        self._kept: Any = None
        self.moved: dict[int, int] = {}
        """By the program's descriptor: ours."""

    def __enter__(self) -> Self:
        """Open what the program gets. Raises `OSError`."""
        if os.isatty(0):
            self.moved[0] = self._stack.enter_context(open(os.devnull, "rb")).fileno()  # noqa: PTH123  no Path is
        shown = [number for number in (1, 2) if _is_terminal(number)]
        if shown:
            kept = self._stack.enter_context(Path(self._name).open("wb") if self._name else tempfile.TemporaryFile())
            self._kept = kept if self._name is None else None
            self.moved |= dict.fromkeys(shown, kept.fileno())
        return self

    def __exit__(self, *_: object) -> None:
        """Show what was kept back."""
        if self._kept is not None:
            _show(self._kept.fileno(), min(number for number in (1, 2) if number in self.moved))
        self._stack.close()


def _show(kept: int, shown: int) -> None:
    """Copy a file to a descriptor; where it stands is left to what the program may have left running."""
    at = 0
    with contextlib.suppress(OSError):
        while data := pread(kept, 1 << 16, at):
            at += os.write(shown, data)


def _is_terminal(number: int) -> bool:
    try:
        return os.isatty(number)
    except OSError:
        return False
