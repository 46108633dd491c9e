"""The things to try: each has its measured answer, and the programs that show them still print what the pages tell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from docs._ext.measured_data import transcripts
from docs._ext.tries import PROGRAMS, all_tries

if TYPE_CHECKING:
    from pathlib import Path

ALONE = [each for each in all_tries() if each.see.split()[1].endswith(".py")]
"""Those that a program shows by itself, without `compare`."""


def test_each_answer_is_in_what_was_printed() -> None:
    printed = transcripts()
    told = [(each.see, pattern) for each in all_tries() for pattern in each.shows]
    assert len(told) > 30
    assert [(see, pattern) for see, pattern in told if not re.search(pattern, printed[see].text, re.MULTILINE)] == [], (
        "correct the answer, or measure it: docs.measure tries"
    )


def test_every_try_says_what_it_shows_and_every_program_is_tried() -> None:
    assert [each.see for each in all_tries() if not each.shows] == []
    used = {each.program for each in all_tries()} | {
        PROGRAMS / "served.py",
        PROGRAMS / "counting.py",
    }  # these are imported by the others
    assert set(PROGRAMS.glob("*.py")) <= used


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they read /proc")
def test_the_programs_print_what_the_pages_tell(tmp_path: Path, root: Path) -> None:
    wanted = [each for each in ALONE if "strace" not in each.program.read_text("utf-8")]  # type: ignore[union-attr]
    assert len(wanted) > 8
    started = {each.see: _start(each.see, tmp_path / str(number), root) for number, each in enumerate(wanted)}
    printed = {see: process.communicate(timeout=100) for see, process in started.items()}
    assert {see: err for see, (_, err) in printed.items() if err or started[see].returncode} == {}
    for each in wanted:
        out, _ = printed[each.see]
        assert _without_figures(out) == _without_figures(transcripts()[each.see].text)


def _start(see: str, folder: Path, root: Path) -> subprocess.Popen[str]:
    shutil.copytree(PROGRAMS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    _, *words = see.split()
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _without_figures(text: str) -> str:
    """What a loaded machine and another Python tell, too."""
    return re.sub(r"\d+(\.\d+)?", "N", text).strip()
