"""What `compare script` tells while it watches: `--every` and `--log`, of programs that are started and of others."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.compare.held import OURS, TIME_LIMIT_S, Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Logged(Held):
    """A program whose stalls are logged."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.log = folder / "log"

    def logged(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Logged]:
    found = Logged(tmp_path)
    yield found
    found.close()


@pytest.fixture(params=["started", "attached"])
def begin(request: pytest.FixtureRequest, held: Logged) -> Callable[..., None]:
    return held.start if request.param == "started" else held.attach


def _until(answer: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + TIME_LIMIT_S
    while not (found := answer()):
        assert time.monotonic() < deadline
        time.sleep(0.02)  # a file is nobody's to wait for
    return found


def test_what_holds_the_loop_is_told_before_it_ends(held: Logged, begin: Callable[..., None]) -> None:
    begin("--every", "0.3")
    held.says("compare: ", "the last 0.3 s")
    held.says("loop in MainThread: late by")
    held.says("in `openat` for")  # held now
    held.let_go()
    held.says("! ", "the loop waits in `openat`")
    assert "the loop was blocked" in held.end()


def test_each_stall_is_logged_when_it_ends(held: Logged, begin: Callable[..., None]) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    begin("--log", str(held.log), "--every", "0.3")
    for before_it in (0, 1):
        held.says("in `openat` for")
        assert len(_opened(held)) == before_it
        held.let_go()
        _until(lambda: len(_opened(held)) > before_it)  # noqa: B023  asked at once
    first, second = _opened(held)
    pid = first["process"]
    assert pid == second["process"]
    assert pid == held.service.pid if held.service is not None else pid != held.ours.pid
    assert (first["place"], first["target"], first["count"]) == ("loop-thread", str(held.fifo), 1)
    assert first["site"] == {"file": str(held.program), "line": 5, "function": "main", "owner": "user"}
    assert "# held" in first["code"]
    assert first["task"]["runs"] == "main"
    assert first["ms"] > 20
    assert before < dt.datetime.fromisoformat(first["time"]) < dt.datetime.fromisoformat(second["time"])
    held.end()


def test_the_log_is_appended_to(held: Logged) -> None:
    held.log.write_text('{"kept": true}\n')
    held.start("--log", str(held.log), "--every", "0.3")
    held.says("in `openat` for")
    held.end()
    kept, *told = held.logged()
    assert kept == {"kept": True}
    assert any(line["call"] == "openat" for line in told)


def test_a_log_that_cannot_be_written_is_told_once_and_the_program_goes_on(held: Logged) -> None:
    held.start("--log", "/dev/full", "--every", "0.3")
    for _ in range(2):
        held.says("in `openat` for")
        held.let_go()
        held.says("! ", "the loop waits in `openat`")
    told = held.heard + held.end()
    assert told.count("can't write /dev/full: No space left on device") == 1


def _opened(held: Logged) -> list[dict[str, Any]]:
    return [each for each in held.logged() if each["call"] == "openat"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--every", "0", "x.py"], "must be 0.1 or more, not 0"),
        (["--log", "/no/such/folder/x", "x.py"], "there is no directory /no/such/folder"),
        (["--log", "/", "x.py"], "it is a directory"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: list[str], told: str) -> None:
    ended = subprocess.run([*OURS, *arguments], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    assert ended.returncode == 2
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1
