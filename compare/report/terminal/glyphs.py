"""Signs that a terminal's encoding lacks, as ASCII: none is a question mark, and those of one picture stay apart."""

from __future__ import annotations

from compare.report.lanes import TIMES

ASCII = {
    "█": "#",
    "▞": "%",
    "▓": "G",
    "▙": "L",
    "▒": "+",
    "▌": "s",
    "▄": "=",
    "▁": "_",
    "▐": "|",
    "─": "-",
    "┈": ".",
    "·": ".",
    "┬": "+",
    "┌": "+",
    "╷": "'",
    "»": ">",
    "…": "~",
    TIMES: "x",
    "µ": "u",
    "≥": ">",
}
"""One cell for one cell, so that tables stay aligned."""


def encoded(text: str, encoding: str) -> bytes:
    """Return the text as bytes of an encoding; what it lacks becomes its ASCII sign, or its escape."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(char if _has(encoding, char) else ASCII.get(char, char) for char in text).encode(
            encoding, "backslashreplace"
        )


def _has(encoding: str, char: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
