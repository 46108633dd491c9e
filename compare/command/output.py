"""Writes results where they were asked for, and tells in one line when that fails."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from compare.report.terminal.glyphs import encoded
from compare.results import Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from compare.results import Run


PIPE = (80, 40)


def complain(message: str) -> int:
    """Print one line on standard error, if it is open; returns the exit status of a mistake."""
    if sys.stderr is not None:
        sys.stderr.write(f"compare: {message}\n")
    return 2


def written(stream: TextIO | None, text: str, status: int) -> int:
    """Write to a standard stream and return the exit status.

    A reader who has left (`| head -1`) has seen enough: `status` stays. A full disk is told.
    """
    if stream is None:  # it was closed before we began
        return status
    try:
        data = encoded(text, stream.encoding or "utf-8")
        stream.flush()
        stream.buffer.write(data)
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:
        _silence(stream)
        return complain(f"can't write the results: {error.strerror}")
    return status


def _silence(stream: TextIO) -> None:
    """Or the interpreter would try again at its end, and complain."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def unwritable(paths: Iterable[str | None]) -> str | None:
    """What is wrong with a file that is to be written later, before anything is measured; or `None`."""
    for name in paths:
        if not name or name == "-":
            continue
        path = Path(name)
        if path.is_dir():
            return f"can't write {name}: it is a directory"
        if not path.parent.is_dir():
            return f"can't write {name}: there is no directory {path.parent}"
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            return f"can't write {name}: no permission"
    return None


def save(name: str, text: str, status: int) -> int:
    """Write a file, or standard output for `-`; returns the exit status."""
    if name == "-":
        return written(sys.stdout, text, status)
    try:
        Path(name).write_text(text, "utf-8")
    except OSError as error:
        return complain(f"can't write {name}: {error.strerror}")
    return status


def now() -> str:
    """The time as results tell it: ISO 8601, with the offset."""
    return dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")


def described(command: tuple[str, ...], started: str, runs: tuple[Run, ...]) -> Comparison:
    """The rows together with the machine that they were measured on."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Comparison(command, platform.python_version(), platform.platform(), cpus, started, runs)


def lanes(comparison: Comparison, stream: TextIO) -> str:
    """The timeline as text, with colours where the stream is a terminal."""
    from compare.report.terminal import timeline  # noqa: PLC0415

    drawing, text = console(stream)
    color = drawing.is_terminal and not drawing.no_color
    drawing.print(timeline.render(comparison, drawing.width, color=color), highlight=False)
    return text.getvalue()


def console(stream: TextIO) -> tuple[Console, io.StringIO]:
    """A console that draws as for a stream, into memory: rich would end the program when the stream breaks."""
    from rich.console import Console  # noqa: PLC0415

    real, text = Console(file=stream), io.StringIO()
    system: Any = real.color_system
    drawing = Console(
        file=text, width=real.width, force_terminal=real.is_terminal, color_system=system, no_color=real.no_color
    )
    return drawing, text


def screen(stream: TextIO | None) -> os.terminal_size:
    """Columns and lines of the stream's terminal; of a pipe what `COLUMNS` and `LINES` say, or a usual screen's."""
    with contextlib.suppress(OSError, ValueError):  # it may be closed
        if stream is not None:
            return os.get_terminal_size(stream.fileno())
    return shutil.get_terminal_size(PIPE)
