"""The memory of another process, read through `/proc/PID/mem`, and the files that are mapped into it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compare.observe.kernel.linux_calls import pread

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = 8


class Unreadable(Exception):  # noqa: N818  reads as what it is
    """This interpreter's memory is not as expected, or the process may not be read; the message says which."""


class Memory:
    """The memory of a process, at rest or running. Reading raises `OSError` where nothing is mapped."""

    def __init__(self, pid: int) -> None:
        """Open it. Raises `OSError` where that is not allowed."""
        self._descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY)

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes, or raise `OSError`."""
        try:
            data = pread(self._descriptor, size, address)
        except (OverflowError, ValueError) as error:  # not an address at all: torn while the thread ran
            raise OSError(str(error)) from None
        if len(data) != size:
            message = f"only {len(data)} of {size} bytes at {address:#x}"
            raise OSError(message)
        return data

    def pointer(self, address: int) -> int:
        """Return the word at `address`."""
        return int.from_bytes(self.read(address, WORD), "little")

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)


def word(data: bytes, at: int) -> int:
    """Return the word at offset `at` of what was read."""
    return int.from_bytes(data[at : at + WORD], "little")


@dataclass(frozen=True, slots=True)
class Image:
    """A file that programs are mapped from: the same one in every process, whatever its name is there."""

    device: str
    inode: int
    name: str
    """As one process saw it, for messages."""

    def base(self, pid: int) -> int:
        """Return where it is mapped in a process.

        Raises:
            OSError: the process has ended, or may not be looked at.
            Unreadable: it is not mapped there.
        """
        for low, _, image in mappings(pid):
            if image is not None and (image.device, image.inode) == (self.device, self.inode):
                return low
        message = f"process {pid} does not run {self.name}"
        raise Unreadable(message)


def mappings(pid: int) -> Iterator[tuple[int, int, Image | None]]:
    """Yield (start, end, file) of what is mapped, in order; no file for a heap or a stack. Raises `OSError`."""
    with Path(f"/proc/{pid}/maps").open(encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            fields = line.rstrip("\n").split(maxsplit=5)
            low, high = (int(part, 16) for part in fields[0].split("-"))
            has_file = len(fields) == 6 and fields[4] != "0"
            yield low, high, Image(fields[3], int(fields[4]), fields[5]) if has_file else None
