"""What the system calls cost, with nothing around them: no file library written in Python is faster."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def read_file(path: str) -> bytes:
    """`os.open`, `os.read`, `os.close`; the size is what `fstat` says, as anybody would have to ask."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, os.fstat(fd).st_size)
    finally:
        os.close(fd)


def read_files(paths: Sequence[str]) -> list[bytes]:
    """One after the other."""
    return [read_file(path) for path in paths]


def read_into(path: str, buffer: bytearray) -> int:
    """`readinto` on an unbuffered file."""
    with Path(path).open("rb", buffering=0) as file:
        return file.readinto(buffer) or 0


def lines(path: str) -> TextIO:
    """`for line in file`."""
    return Path(path).open(encoding="utf-8")


def write_file(path: str, chunks: Iterable[bytes], *, durable: bool = False) -> int:
    """`os.open`, `os.write` of each, `os.close`: under the last name at once, so that no old file outlives an error."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        count = sum(os.write(fd, chunk) for chunk in chunks)  # a regular file takes all
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    return count
