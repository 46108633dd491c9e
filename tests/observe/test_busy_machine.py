"""Beside processes that take every processor, a program that is clean has nothing told of it but that."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.observe.trial import PROGRAMS, observe

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def busy() -> Iterator[None]:
    """Twice as many processes compute as there are processors."""
    with contextlib.ExitStack() as stack:
        for _ in range(2 * (os.cpu_count() or 1)):
            child = stack.enter_context(subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]))
            stack.callback(child.kill)
        yield


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_many_short_turns_are_no_long_one_where_each_waits_for_a_processor(backend: str) -> None:
    seen, _ = observe(PROGRAMS / "clean_cooperative.py", backend)
    assert [each for each in seen.findings if each.place != "kernel"] == []


@pytest.mark.usefixtures("busy")
def test_a_thread_that_is_slow_to_begin_is_no_lock() -> None:
    seen, _ = observe(PROGRAMS / "clean_short_to_thread.py", "asyncio")
    assert [each for each in seen.findings if each.place == "lock"] == []
