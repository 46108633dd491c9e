"""A line from a program that a test has started, waited for with a limit: one that never comes fails that test soon."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, AnyStr, Literal

import psutil
import pytest

if TYPE_CHECKING:
    import subprocess

LIMIT_S = 100.0
"""How long a line may take to come, in seconds: far more than it does, and less than a test's time limit."""


def line(
    process: subprocess.Popen[AnyStr], stream: Literal["stdout", "stderr"] = "stdout", limit_s: float = LIMIT_S
) -> AnyStr:
    """The next line of a program's output, as `readline` returns it; fails the test where none comes in time.

    The program and what it has started are killed then: a read that waits, whatever has been buffered, ends with them.
    """
    late = threading.Event()
    timer = threading.Timer(limit_s, _end, (process.pid, late))
    timer.start()
    try:
        told: AnyStr = getattr(process, stream).readline()
    finally:
        timer.cancel()
        timer.join()
    if late.is_set():
        pytest.fail(
            f"no line on {stream} within {limit_s:g} s, and so it was killed: {process.args!r}; it told {told!r}"
        )
    return told


def _end(pid: int, late: threading.Event) -> None:
    """The program first: it is to start nothing more, and not to end as one whose child has ended."""
    late.set()
    with suppress(psutil.NoSuchProcess):
        program = psutil.Process(pid)
        for each in (program, *program.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.kill()
