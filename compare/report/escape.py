"""What comes from the program is data: every report escapes it here, and nowhere else.

Paths, names of threads and tasks, lines of code and addresses may hold what a terminal obeys (ESC), what turns the
order of a line around (bidirectional controls, Unicode Standard Annex 9), what ends a line, and bytes that are no text
at all. `escaped` makes a result of which every text is one printable line; then each format adds its own: rich gets
`Text` and never markup, XML and HTML their entities, Markdown its backslashes, CSV `cell`, JSON `ascii_json`.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

TAB = 4
"""How many columns a tab of a line of code is shown as."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""How a cell begins that a spreadsheet computes (OWASP, "CSV Injection"), or that looks as if we had escaped it."""


def printable(text: str) -> str:
    r"""Return the text in one line that moves no cursor: whatever is not printable becomes its escape, `\x1b`.

    Printable is what `str.isprintable` says: no control, format, surrogate, private or unassigned character, and of
    the separators only the space.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def code_line(text: str) -> str:
    """Return a line of code as `printable` does, but with its tabs as blanks."""
    return text if text.isprintable() else printable(text.rstrip("\r\n").expandtabs(TAB))


def escaped(result: T) -> T:
    """Return the same result, all of its texts printable: a comparison, a run, findings, whatever holds them.

    What has nothing to escape is not copied.
    """
    told: T = _escaped(result)
    return told


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, tuple | list):
        return _sequence(value)
    if isinstance(value, dict):
        keys, values = _sequence(tuple(value)), _sequence(tuple(value.values()))
        return dict(zip(keys, values, strict=True)) if (*keys, *values) != (*value, *value.values()) else value
    if is_dataclass(value) and not isinstance(value, type):
        return _record(value)
    return value


def _sequence(values: Sequence[Any]) -> Sequence[Any]:
    told = [_escaped(value) for value in values]
    if all(after is before for after, before in zip(told, values, strict=True)):
        return values
    return tuple(told) if isinstance(values, tuple) else told


def _record(value: Any) -> Any:
    changed = {}
    kind: Any = type(value)
    for name in _texts(kind):
        before = getattr(value, name)
        after = code_line(before) if name == "code" and isinstance(before, str) else _escaped(before)
        if after is not before:
            changed[name] = after
    return replace(value, **changed) if changed else value


@cache
def _texts(kind: Any) -> tuple[str, ...]:
    """The fields that may hold text: of the tens of thousands of spans, half of the fields are figures."""
    return tuple(field.name for field in fields(kind) if field.type not in ("int", "float"))


def cell(value: Any) -> Any:
    """Return a value for CSV: a text that a spreadsheet would compute gets an apostrophe before it; figures stay."""
    if isinstance(value, str) and (told := printable(value)).startswith(FORMULA):
        return f"'{told}"
    return printable(value) if isinstance(value, str) else value


def ascii_json(text: str) -> str:
    r"""Return the same JSON with every character that is not printable as `\uXXXX`: it says the same, and can be shown.

    Args:
        text: JSON as `json.dumps` writes it, which has escaped the controls below U+0020 already.
    """
    return re.sub("[^\n -~]", lambda found: found[0] if found[0].isprintable() else _units(found[0]), text)


def _units(char: str) -> str:
    data = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at : at + 2].hex()}" for at in range(0, len(data), 2))
