"""What a code object says of itself: names, and which line each of its instructions belongs to.

The line table's format: https://github.com/python/cpython/blob/main/InternalDocs/code_objects.md
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """What a code object says of itself."""

    filename: str
    qualname: str
    first_line: int
    lines: tuple[tuple[int, int], ...]
    """(end in code units, line), ascending; line 0: none."""

    def line(self, unit: int) -> int:
        """Return the line of an instruction, counted in code units (two bytes)."""
        low, high = 0, len(self.lines)
        while low < high:
            middle = (low + high) // 2
            if self.lines[middle][0] <= unit:
                low = middle + 1
            else:
                high = middle
        found = self.lines[low][1] if low < len(self.lines) else 0
        return found or self.first_line


@functools.lru_cache(512)  # the standard library's come again in each process that is watched
def decode_lines(table: bytes, first_line: int) -> tuple[tuple[int, int], ...]:
    """Return (end in code units, line) for a code object's line table; line 0 where an instruction has none."""
    lines = []
    line, unit, at = first_line, 0, 0

    def number() -> int:
        nonlocal at
        shift = value = 0
        while True:
            byte = table[at]
            at += 1
            value |= (byte & 63) << shift
            if not byte & 64:
                return value
            shift += 6

    def signed() -> int:
        value = number()
        return -(value >> 1) if value & 1 else value >> 1

    while at < len(table):
        first = table[at]
        at += 1
        unit += (first & 7) + 1
        form = first >> 3 & 15
        here = True
        if form == 15:  # no location
            here = False
        elif form == 14:  # line, end line, column, end column
            line += signed()
            number()
            number()
            number()
        elif form == 13:  # no columns
            line += signed()
        elif form >= 10:
            line += form - 10
            at += 2
        else:
            at += 1
        lines.append((unit, line if here else 0))
    return tuple(lines)


def entered(lines: tuple[tuple[int, int], ...], first_line: int) -> tuple[tuple[int, int], ...]:
    """Return a function's lines with its entry at the first line of its body: at its `def` nothing is done."""
    body = next((line for _, line in lines if line not in {0, first_line}), None)
    if body is None:  # it is all on one line
        return lines
    entry = list(itertools.takewhile(lambda each: each[1] in {0, first_line}, lines))
    return (*((end, body) for end, _ in entry), *lines[len(entry) :])
