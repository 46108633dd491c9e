"""Lines that fit a terminal, counted in its cells: a Chinese character takes two, a combining mark none."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

ELLIPSIS = "…"


def wrapped(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """Break a text at its blanks, and a word that is too long anywhere.

    Args:
        text: words with blanks between.
        width: cells; no line takes more.
        first: what the first line begins with.
        others: what the others begin with.
    """
    room = max(width - max(cell_len(first), cell_len(others)), 2)
    lines, line = [], ""
    for piece in (piece for word in text.split() for piece in chop_cells(word, room)):
        longer = f"{line} {piece}" if line else piece
        if cell_len(longer) <= room:
            line = longer
        else:
            lines.append(line)
            line = piece
    lines.append(line)
    return [(others if at else first) + line for at, line in enumerate(lines) if line]


def cut(text: str, width: int) -> str:
    """Leave out the end of a line that is too long, and say so."""
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)) + ELLIPSIS


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Make a text so many cells wide: cut, or filled with blanks."""
    text = cut(text, width)
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks
