"""Code for the page, around a site or of a whole file: all that is read from a disk, and only when a caller asks."""

from __future__ import annotations

import linecache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.results import Site

AROUND = 3


def lines_around(site: Site) -> list[tuple[int, str]]:
    """The site's line with up to three before and after it, numbered; none where the file cannot be read."""
    first = max(1, site.line - AROUND)
    numbered = [(number, linecache.getline(site.file, number)) for number in range(first, site.line + AROUND + 1)]
    told = [(number, line.rstrip("\n")) for number, line in numbered if line]
    return told if any(number == site.line for number, _ in told) else []


def lines_of(file: str) -> Sequence[str]:
    """A file's lines, without their ends; none where it is no file, or cannot be read as Python's source."""
    return [line.rstrip("\n") for line in linecache.getlines(file)] if Path(file).is_file() else ()
