"""Writes results where they were asked for, and tells in one line when that fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable


def complain(message: str) -> int:
    """Print one line on standard error; returns the exit status of a mistake."""
    sys.stderr.write(f"compare: {message}\n")
    return 2


def written(stream: TextIO | None, text: str, status: int) -> int:
    """Write to a standard stream and return the exit status.

    A reader who has left (`| head -1`) has seen enough: `status` stays. A full disk is told.
    """
    if stream is None:  # it was closed before we began
        return status
    try:
        data = text.encode(stream.encoding or "utf-8", "replace")
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
