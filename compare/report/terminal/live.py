"""What is seen while a comparison runs: the rows so far and a progress bar, on standard error if that is a terminal.

All of it is gone when the comparison ends: results go to standard output, once.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from compare.catalogue.scenario import Listener
from compare.report.escape import printable
from compare.report.figures import MARK, is_unstable
from compare.report.terminal import table
from compare.report.wrap import wrapped
from compare.results import Comparison, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import ConsoleOptions, RenderResult

PER_SECOND = 4
NUMBER = re.compile(r"\d[\d,]*")


class Screen(Listener):
    """Shows how the comparison goes on; use it as a context manager."""

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._console = Console(stderr=True)
        self._rows: dict[tuple[Any, ...], Run] = {}
        self._progress = Progress(
            BarColumn(20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
        )
        self._task = self._progress.add_task("starting", total=None)
        self._live: Live | None = None
        self.notes: list[str] = []

    def __enter__(self) -> Self:
        """Begin to draw, on a terminal; elsewhere only notes are told, at the end."""
        if self._console.is_terminal:
            self._live = Live(self, console=self._console, transient=True, refresh_per_second=PER_SECOND)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe it off."""
        if self._live is not None:
            self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The newest rows that fit, and the bar below them."""
        room = max(1, (options.height or console.height) - 3)
        lines = console.render_lines(self._table(options.max_width), options, pad=False)
        while lines and not "".join(segment.text for segment in lines[-1]).strip():
            lines.pop()
        text = Text("\n").join(Text("".join(segment.text for segment in line).rstrip()) for line in lines[:room])
        yield Group(text, self._progress) if lines else self._progress

    def _table(self, width: int) -> Any:
        if not self._rows:
            return Text()
        last = next(reversed(self._rows.values())).workload
        runs = tuple(run for run in self._rows.values() if run.workload == last)
        return table.render(Comparison((), "", "", 1, "", runs), width)

    def begin(self, passes: int) -> None:
        """Make the bar longer."""
        self._progress.update(self._task, total=(self._progress.tasks[0].total or 0) + passes)

    def doing(self, what: str) -> None:
        """Name it beside the bar."""
        self._progress.update(self._task, description=printable(what))

    def passed(self, count: int = 1) -> None:
        """Move the bar."""
        self._progress.advance(self._task, count)

    def row(self, run: Run) -> None:
        """Show it, or show it anew."""
        self._rows[str(run.workload), run.variant, run.backend] = run

    def note(self, text: str) -> None:
        """Keep it for the end."""
        if text not in self.notes:
            self.notes.append(text)

    def tell_notes(self, runs: tuple[Run, ...]) -> None:
        """Print the notes on standard error."""
        unstable = [run for run in runs if is_unstable(run)]
        if unstable:
            self.note(
                f"{len(unstable)} of {len(runs)} rows are unstable, marked {MARK}: something else used the"
                " machine. Run it again when it is idle, or with more --repeat"
            )
        slower = [run for run in runs if any(note.startswith(table.SLOWER) for note in run.notes)]
        if slower:
            self.note(f"{len(slower)} of {len(runs)} rows took longer while observed: their waits are scaled down")
        for text in (*self.notes, *_not_seen(runs)):
            sys.stderr.write("".join(f"{line}\n" for line in self._lines(printable(text))))

    def _lines(self, note: str) -> list[str]:
        """As wide as a terminal is; elsewhere a note is a line, however long."""
        if self._console.is_terminal:
            return wrapped(note, self._console.width, "note: ", "  ")
        return [f"note: {note}"]


def _not_seen(runs: tuple[Run, ...]) -> Iterator[str]:
    """What could not be seen, each once with in how many rows: what differs in its numbers alone is told once."""
    alike: dict[str, list[str]] = {}
    for run in runs:
        for text in dict.fromkeys(run.observation.missing if run.observation else ()):
            alike.setdefault(NUMBER.sub("", text), []).append(text)
    for texts in alike.values():
        example = ", for example" if len(set(texts)) > 1 else ""
        yield f"not seen in {len(texts)} of {len(runs)} rows{example}: {texts[0]}"
