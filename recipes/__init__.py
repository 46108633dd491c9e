"""Every way that Python offers to read a file or to serve a TCP echo."""

from __future__ import annotations

import codecs
import io
import sys


def print_anything() -> None:
    """For a program: what a terminal's encoding lacks is printed as an escape."""
    codecs.register_error("escaped", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="escaped")


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    try:  # a byte of a path that was no text either
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.backslashreplace_errors(error)
