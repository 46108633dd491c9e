"""What is recorded of a real program: its threads, at the lines where they are known to wait."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="lines are read from /proc")

PROGRAM = '''"""A loop that reads late data by itself, and a thread that does so for it."""

import asyncio
import os
import threading


def late() -> int:
    reader, writer = os.pipe()
    threading.Timer(0.3, os.write, (writer, b"x")).start()
    return reader


def in_a_thread(reader):
    return os.read(reader, 1)  # the worker waits here


async def main():
    os.read(late(), 1)  # the loop waits here
    await asyncio.to_thread(in_a_thread, late())


asyncio.run(main())
'''


def line_of(words: str) -> int:
    return next(number for number, line in enumerate(PROGRAM.splitlines(), 1) if words in line)


def longest_wait(recording: dict[str, Any], role: str) -> tuple[int, str | None, int | None]:
    """The longest wait of a role's threads that has a line: microseconds, call and line."""
    [run] = recording["runs"]
    found = []
    for thread in run["threads"]:
        flat = thread["spans"] if thread["role"] == role else []
        for us, kind in zip(flat[::2], flat[1::2], strict=True):
            state, call, _, site = run["kinds"][kind]
            if site >= 0 and recording["states"][state][0] == "blocked":
                found.append((us, call, run["sites"][site][1]))
    return max(found)


def test_each_thread_is_recorded_where_it_waits(
    run_compare: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    run_compare("script", "--recording", "run.json", "program.py", cwd=tmp_path)
    recording = json.loads((tmp_path / "run.json").read_text("utf-8"))
    for role, words in (("loop", "the loop waits here"), ("worker", "the worker waits here")):
        us, call, line = longest_wait(recording, role)
        assert (call, line) == ("read", line_of(words))
        assert us > 100_000
    [file] = [file for file in recording["files"] if file["name"].endswith("program.py")]
    assert file["parts"] == [[3, PROGRAM.partition("\n\n")[2].rstrip("\n")]]
