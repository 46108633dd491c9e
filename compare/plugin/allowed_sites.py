"""Sites that may block all the same, as the ini file and the markers name them: each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .settings import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..results import Site

EVERYWHERE = ""
"""Whose exception it is, if it is the ini file's."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A site that may block, and why. `owner`: the test that says so, without its parameters."""

    owner: str
    file: str
    function: str
    reason: str

    def covers(self, site: Site | None, root: Path) -> bool:
        """Whether this is the site of a finding."""
        if site is None:
            return False
        path = Path(site.file)
        names_file = path == root / self.file or path.parts[-len(Path(self.file).parts) :] == Path(self.file).parts
        return names_file and f".{site.function}".endswith(f".{self.function}")

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.file}::{self.function}"


def entry(owner: str, site: str, reason: Any) -> Allowed:
    """Read one exception; raises `ValueError` with a line that says what is wrong."""
    file, colons, function = site.strip().partition("::")
    if not (file and colons and function):
        message = f"an exception must name its site as `file.py::function`, not {site!r}"
        raise ValueError(message)
    if not isinstance(reason, str) or not reason.strip():
        message = f"the exception {site} must give a reason: `{site}: reason`"
        raise ValueError(message)
    return Allowed(owner, file, function, reason.strip())


def ini_entries(lines: Iterable[str]) -> tuple[Allowed, ...]:
    """Read the ini file's exceptions, `file.py::function: reason`.

    Raises:
        pytest.UsageError: one can't be read.
    """
    found = []
    for line in lines:
        file, colons, rest = line.partition("::")
        function, _, reason = rest.partition(":")
        try:
            found.append(entry(EVERYWHERE, f"{file}{colons}{function}", reason))
        except ValueError as error:
            message = f"{MARKER}_allow: {error}"
            raise pytest.UsageError(message) from None
    return tuple(found)
