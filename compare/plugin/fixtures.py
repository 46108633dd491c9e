"""Fixtures for tests of what a service does while something hangs: `slow_path` and `silent_peer`.

What they are made of is imported when a test asks for one of them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def slow_path() -> Iterator[Callable[..., Path]]:
    """Make files that open at once and deliver late: `slow_path(data=b"slow", delay=0.5, name="slow")` returns a path.

    Each can be read once. They are gone after the test, and whoever still reads gets the end of the file.
    """
    from ..scenarios.shared.slow_file import slow_file  # noqa: PLC0415  inert until here

    with contextlib.ExitStack() as stack:

        def make(data: bytes = b"slow", delay: float = 0.5, *, name: str = "slow") -> Path:
            return stack.enter_context(slow_file(data, delay, name=name))

        yield make


@pytest.fixture
def silent_peer() -> Iterator[tuple[str, int]]:
    """The host and the port of a peer that accepts connections and says nothing."""
    from ..scenarios.shared.silent_peer import silent_peer as silent  # noqa: PLC0415  inert until here

    with silent() as address:
        yield address
