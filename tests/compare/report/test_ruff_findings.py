"""Ruff's ASYNC findings beside what waited in a run, of the same program."""

from __future__ import annotations

import json
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from compare.report.review import given_json, ruff_findings
from compare.results import Finding, Site

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = dedent("""
    import asyncio
    import subprocess
    import time


    def helper():
        time.sleep(0.15)


    async def main(timeout=1):
        time.sleep(0.1)
        open(__file__).close()
        subprocess.run(
            ["sleep", "0.2"],
            check=True,
        )
        helper()


    asyncio.run(main())
    """).lstrip()


def _told(code: str, row: int, last: int, file: str = "/app.py") -> dict[str, object]:
    location = {"location": {"row": row, "column": 1}, "end_location": {"row": last, "column": 9}}
    return {"code": code, "filename": file, "message": f"{code} says so", **location}


def _finding(line: int, total: float, place: str = "loop-thread", file: str = "/app.py") -> Finding:
    site = Site(file, line, "main")
    return Finding(place, None, "MainThread", "loop", "read", None, site, None, 1, total, total)  # type: ignore[arg-type]


def _lines(path: Path, told: list[dict[str, object]], found: list[Finding]) -> list[str]:
    path.write_text(json.dumps(told))
    return ruff_findings.render(ruff_findings.read(str(path)), found, 10.0).splitlines()


def test_a_line_of_ruffs_range_is_the_same_place(tmp_path: Path) -> None:
    told = [_told("ASYNC230", 5, 7), _told("ASYNC251", 9, 9), _told("E501", 9, 9), _told("ASYNC109", 3, 3)]
    found = [_finding(6, 20), _finding(8, 30), _finding(9, 50, "worker-thread"), _finding(9, 40, file="/other.py")]
    assert _lines(tmp_path / "ruff.json", told, found) == [
        "Ruff's ASYNC findings: 1 of 3 waited in this run",
        "  ASYNC230 /app.py:5: 20 ms: the loop waits in `read` at /app.py:6",
        "  ASYNC251 /app.py:9: not seen to wait for 10 ms: ASYNC251 says so",
        "  ASYNC109 /app.py:3: not seen to wait for 10 ms: ASYNC109 says so",
        "Waited on the loop, and ruff did not see it: 2",
        "  40 ms: the loop waits in `read` at /other.py:9",
        "  30 ms: the loop waits in `read` at /app.py:8",
    ]


def test_nothing_on_either_side(tmp_path: Path) -> None:
    assert _lines(tmp_path / "ruff.json", [], []) == ["Ruff's ASYNC findings: 0 of 0 waited in this run"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "not other JSON"),
        ('[{"code": "ASYNC1"}]', "not other JSON"),
        ("[1]", "not other JSON"),
        ("no", "not what is in line 1"),
        ("\udcff", "not bytes that are no text"),
        (None, "No such file or directory: make it with `ruff check"),
    ],
)
def test_what_is_not_ruffs_is_told_in_a_line(tmp_path: Path, text: str | None, expected: str) -> None:
    path = tmp_path / "ruff.json"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(given_json.UnreadableError, match=expected) as error:
        ruff_findings.read(str(path))
    assert "\n" not in str(error.value)


def test_a_program_that_ruff_has_read(tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    app = tmp_path / "app.py"
    app.write_text(PROGRAM)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--output-format", "json", "--select", "ASYNC", "."]
    read = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    tmp_path.joinpath("ruff.json").write_text(read.stdout)
    command = [sys.executable, "-m", "compare", "script", "--ruff", "ruff.json", "app.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    told = done.stderr[done.stderr.index("Ruff's ASYNC findings") :]
    texts = {"sleep": "    time.sleep(0.1)", "run": "    subprocess.run(", "helper": "    time.sleep(0.15)"}
    line = {name: PROGRAM.splitlines().index(text) + 1 for name, text in texts.items()}
    assert f"  ASYNC251 app.py:{line['sleep']}: " in told.partition("not seen")[0]
    assert f"  ASYNC221 app.py:{line['run']}: " in told.partition("not seen")[0]
    assert f"ASYNC109 app.py:{line['sleep'] - 1}: not seen to wait for 10 ms" in told
    assert f"at app.py:{line['helper']}" in told.partition("ruff did not see it")[2]


def test_a_mistake_ends_it_before_the_program_begins(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "compare", "script", "--ruff", "nothing.json", "-m", "this"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("compare: --ruff nothing.json: No such file")
    assert done.stderr.count("\n") == 1
